// SPDX-License-Identifier: Apache-2.0
// Reads a container's log: its last lines, a span of time, and what is still to come.

import Dispatch
package import FoundationEssentials
import FunctionModel
import Glibc
import Synchronization

/// What of a log is wanted.
package struct ContainerLogQuery: Hashable, Sendable {
    package var since: Date?
    package var until: Date?
    /// The last lines only.
    package var tail: Int?
    package var follows = false

    package init() {}
}

/// One reading of one log; one caller at a time.
///
/// It holds one piece of the log at most, however long the log is and however slowly its caller reads.
package final class ContainerLogReader: Sendable {
    private static let pieceBytesMax = 256 << 10

    private let path: String
    private let selection: ContainerLogSelection
    private let tail: Int?
    /// Nil when nothing is followed.
    private let growth: AsyncStream<Void>?

    private enum Phase {
        case beginning
        /// What was written when the reading began.
        case existing
        case following
        /// The container rests: what is left is the end.
        case ending
        case over
    }

    /// A file of the log, and how much of it was there when the reading began.
    private struct File {
        var descriptor: Int32
        var unreadBytes: Int
    }

    private struct Storage {
        var phase = Phase.beginning
        /// The older one first; the last stays open while it is followed.
        var files: [File] = []
        var selection: ContainerLogSelection
        var buffer = [UInt8](repeating: 0, count: ContainerLogReader.pieceBytesMax)
    }

    private let state: Mutex<Storage>

    init(_ path: String, _ query: ContainerLogQuery, growth: AsyncStream<Void>?) {
        self.path = path
        self.growth = growth
        tail = query.tail
        selection = ContainerLogSelection(since: query.since, until: query.until)
        state = Mutex(Storage(selection: selection))
    }

    deinit { state.withLock { for file in $0.files { close(file.descriptor) } } }

    private enum Step {
        case lines([UInt8])
        case wait
        case over
    }

    /// The next lines, nil after the last; with `follows` that is when the container rests.
    ///
    /// - Returns: whole lines, each a JSON object with `time`, `stream` and `log`; empty once after the lines that
    ///   existed.
    package func next() async -> [UInt8]? {
        while true {
            switch await offCaller() {
            case .lines(let lines): return lines
            case .over: return nil
            case .wait:
                var ticks = growth?.makeAsyncIterator()
                guard await ticks?.next() == nil else { continue }
                state.withLock { if $0.phase == .following { $0.phase = .ending } }
            }
        }
    }

    /// Reads are from the page cache as a rule; all readers share a thread, apart from those of requests.
    private static let queue = DispatchQueue(label: "container-log-readers")

    private func offCaller() async -> Step {
        await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: self.state.withLock { self.step(&$0) }) }
        }
    }

    private func step(_ state: inout Storage) -> Step {
        while true {
            switch state.phase {
            case .beginning:
                open(&state)
                if let tail { state.selection.skip(max(0, count(&state) - tail)) }
                state.phase = .existing
            case .existing:
                if let lines = existing(&state) { return .lines(lines) }
                state.phase = growth == nil ? .over : .following
                return .lines([])
            case .following, .ending:
                let count = state.files.last.map {
                    Glibc.read($0.descriptor, &state.buffer, Self.pieceBytesMax)
                }
                if let count, count > 0 {
                    let lines = state.selection.take(state.buffer[..<count])
                    if !lines.isEmpty { return .lines(lines) }
                } else if !openNewer(&state) {
                    guard state.phase == .ending else { return .wait }
                    state.phase = .over
                }
            case .over: return .over
            }
        }
    }

    /// Opens both files: the newer one first, since it may become the older one meanwhile.
    private func open(_ state: inout Storage) {
        var inodes: Set<UInt64> = []
        for path in [path, ContainerLog.rotated(path)] {
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            var status = stat()
            guard descriptor >= 0 else { continue }
            guard fstat(descriptor, &status) == 0, inodes.insert(UInt64(status.st_ino)).inserted else {
                close(descriptor)
                continue
            }
            state.files.insert(File(descriptor: descriptor, unreadBytes: Int(status.st_size)), at: 0)
        }
    }

    /// The wanted lines that exist; leaves the files as they are.
    private func count(_ state: inout Storage) -> Int {
        var counter = selection
        var count = 0
        for file in state.files {
            var offset = 0
            while offset < file.unreadBytes {
                let wanted = min(Self.pieceBytesMax, file.unreadBytes - offset)
                let read = pread(file.descriptor, &state.buffer, wanted, off_t(offset))
                guard read > 0 else { break }
                count += counter.count(state.buffer[..<read])
                offset += read
            }
            counter.fileEnded()
        }
        return count
    }

    /// The next lines of what existed; nil after the last.
    private func existing(_ state: inout Storage) -> [UInt8]? {
        while let file = state.files.first {
            let wanted = min(Self.pieceBytesMax, file.unreadBytes)
            let count = wanted > 0 ? Glibc.read(file.descriptor, &state.buffer, wanted) : 0
            if count > 0 {
                state.files[0].unreadBytes -= count
                let lines = state.selection.take(state.buffer[..<count])
                if !lines.isEmpty { return lines }
            } else {
                guard state.files.count > 1 else { return nil }
                close(state.files.removeFirst().descriptor)
                state.selection.fileEnded()
            }
        }
        return nil
    }

    /// Goes on with the file that has taken the name of the one that was read to its end.
    ///
    /// - Returns: whether there is one.
    private func openNewer(_ state: inout Storage) -> Bool {
        var (held, named) = (stat(), stat())
        if let file = state.files.last {
            guard fstat(file.descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino != named.st_ino
            else {
                return false
            }
        }
        let next = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard next >= 0 else { return false }
        for file in state.files { close(file.descriptor) }
        state.files = [File(descriptor: next, unreadBytes: 0)]
        state.selection.fileEnded()
        return true
    }
}

extension Container {
    /// Its log.
    ///
    /// - Parameter query: what of it.
    /// - Returns: the reading; with `follows` it ends when the container rests.
    package func logs(_ query: ContainerLogQuery) -> ContainerLogReader {
        let follows = query.follows && status.isActive
        return ContainerLogReader(log.path, query, growth: follows ? log.follow() : nil)
    }
}
