// SPDX-License-Identifier: Apache-2.0
// Notices changes below folders (inotify(7)), and joins them. WatchedDeploy drives it.

import Foundation
import Glibc

/// Watches folders and everything below them.
///
/// Owns an inotify descriptor and one thread; both end with the process.
final class FolderWatch: Sendable {
    /// Folders that are watched at most: the kernel's own bound was 8192 for a user for a long time.
    static let foldersMax = 4096

    private static let events =
        UInt32(IN_CLOSE_WRITE) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM)
        | UInt32(IN_MOVED_TO) | UInt32(IN_ATTRIB)
    /// Room for many events: each has 16 bytes and a name of up to 256.
    private static let bufferBytes = 64 << 10

    private let descriptor: Int32
    private let roots: [String]

    /// Changes that are complete, until the process ends.
    let changes: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation

    /// - Throws: ``CommandFailure`` when a folder cannot be watched, or they have too many folders.
    init(_ roots: [String]) throws(CommandFailure) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        self.roots = roots
        (changes, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        guard descriptor >= 0 else { throw Self.failure(roots[0], systemMessage(errno)) }
        do throws(CommandFailure) {
            for root in roots where !FileManager.default.fileExists(atPath: root) {
                throw Self.failure(root, "no such folder")
            }
            try addAll()
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Begins to notice changes.
    func start() {
        Thread.detachNewThread { [self] in
            var state = WatchState()
            while true {
                if wait(until: state.due), read() { state.changed(at: .now) }
                guard state.timePassed(at: .now) else { continue }
                // New folders, before the deploy that reads them. What cannot be watched any more is noticed with the
                // next change of what can.
                try? addAll()
                source.yield()
            }
        }
    }

    private static func failure(_ root: String, _ why: String) -> CommandFailure {
        CommandFailure("cannot watch '\(root)'", why: why, next: "leave --watch out")
    }

    /// Adds the roots and the folders below them, also those that are watched already; links are not followed.
    private func addAll() throws(CommandFailure) {
        var folders = roots
        var count = 0
        while let next = folders.popLast() {
            count += 1
            guard count <= Self.foldersMax else {
                throw Self.failure(roots[0], "there are more than \(Self.foldersMax) folders")
            }
            let flags = Self.events | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW)
            guard inotify_add_watch(descriptor, next, roots.contains(next) ? Self.events : flags) >= 0 else {
                // It went away in this moment.
                if errno == ENOENT || errno == ENOTDIR { continue }
                throw Self.failure(next, systemMessage(errno))
            }
            folders += Self.folders(in: next)
        }
    }

    /// Folders directly in a folder that are to be watched.
    static func folders(in folder: String) -> [String] {
        // A folder that cannot be read has none that could be watched.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter(WatchState.counts).map { folder + "/" + $0 }.filter { path in
            // Of a link itself.
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            return attributes?[.type] as? FileAttributeType == .typeDirectory
        }
    }

    /// Whether there are events; false when the time is over.
    private func wait(until due: ContinuousClock.Instant?) -> Bool {
        var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = due.map {
            Int32(clamping: Int((max(.zero, $0 - ContinuousClock.now) / .milliseconds(1)).rounded(.up)))
        }
        return poll(&place, 1, milliseconds ?? -1) > 0
    }

    /// Takes a piece of the events that are there.
    ///
    /// - Returns: whether one of them is a change of a function.
    private func read() -> Bool {
        var bytes = [UInt8](repeating: 0, count: Self.bufferBytes)
        let count = Glibc.read(descriptor, &bytes, Self.bufferBytes)
        guard count > 0 else { return false }
        return bytes[..<count].withUnsafeBytes { Self.names(in: $0).contains(where: WatchState.counts) }
    }

    /// The names in events; an empty one for an event of a folder itself, and for events that were lost.
    private static func names(in bytes: UnsafeRawBufferPointer) -> [String] {
        var names: [String] = []
        var place = 0
        let head = MemoryLayout<inotify_event>.size
        while place + head <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: place, as: inotify_event.self)
            let end = min(place + head + Int(event.len), bytes.count)
            // Follows a folder's removal, which has an event of its own.
            if event.mask & UInt32(IN_IGNORED) == 0 {
                names.append(String(decoding: bytes[(place + head)..<end].prefix { $0 != 0 }, as: UTF8.self))
            }
            place = end
        }
        return names
    }
}
