// SPDX-License-Identifier: Apache-2.0
// The gateway's side of one worker: sends orders and receives answers, which it does not trust.

import CSandbox
import Glibc
import Synchronization

/// One folder and its worker, which ends with the session.
final class WorkerSession: TreeSession {
    /// Locked during one order and its answer.
    private let packets: Mutex<WorkerPackets>
    private let socket: Int32

    init(owning socket: Int32) {
        self.socket = socket
        packets = Mutex(WorkerPackets(socket: socket))
    }

    deinit { close(socket) }

    func ask(_ order: TreeOrder, layers: [Int32]) throws(ImageError) -> TreeReply {
        let outcome: Result<TreeReply, ImageError> = packets.withLock { packets in
            do throws(ImageError) {
                try packets.send(order, descriptors: layers)
                guard let (answer, descriptors) = try packets.receive(TreeAnswer.self) else {
                    throw .worker(reason: "it was killed by a signal while it read the files of the image")
                }
                return .success(try Self.judge(answer, descriptors))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Accepts a descriptor only where one is expected, and only of a regular file: others could block a reader.
    private static func judge(_ answer: TreeAnswer, _ descriptors: [Int32]) throws(ImageError) -> TreeReply {
        if case .failed(let error) = answer {
            descriptors.forEach { close($0) }
            throw error
        }
        guard case .file = answer else {
            descriptors.forEach { close($0) }
            return TreeReply(answer: answer)
        }
        var status = stat()
        guard descriptors.count == 1, let file = descriptors.first, fstat(file, &status) == 0,
            status.st_mode & S_IFMT == S_IFREG
        else {
            descriptors.forEach { close($0) }
            throw .worker(reason: "an answer without the file it is about")
        }
        return TreeReply(answer: answer, file: file)
    }
}

/// Reads a tree through a session.
final class SessionReader: TreeReader {
    private let session: any TreeSession

    init(_ session: any TreeSession) { self.session = session }

    func node(_ path: String) throws(ImageError) -> TreeNode? {
        guard case .node(let node) = try ask(.node(path)).answer else { throw Self.nonsense(path) }
        return node
    }

    func names(_ path: String) throws(ImageError) -> [String] {
        guard case .names(let names) = try ask(.names(path)).answer else { throw Self.nonsense(path) }
        // The caller uses the name in a path.
        guard names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.utf8.contains(47) }) else {
            throw Self.nonsense(path)
        }
        return names
    }

    func open(_ path: String) throws(ImageError) -> OpenFile {
        guard let file = try ask(.open(path)).file else { throw Self.nonsense(path) }
        return OpenFile(owning: file)
    }

    func attributes(_ path: String) throws(ImageError) -> [ExtendedAttribute] {
        guard case .attributes(let found) = try ask(.attributes(path)).answer else {
            throw Self.nonsense(path)
        }
        return found
    }

    func isOpaque(_ path: String) throws(ImageError) -> Bool {
        guard case .flag(let flag) = try ask(.isOpaque(path)).answer else { throw Self.nonsense(path) }
        return flag
    }

    private func ask(_ order: TreeOrder) throws(ImageError) -> TreeReply {
        try session.ask(order, layers: [])
    }

    private static func nonsense(_ path: String) -> ImageError {
        .worker(reason: "an answer about '\(path)' that cannot be decoded")
    }
}
