// SPDX-License-Identifier: Apache-2.0
// The main loop of a worker: performs orders of the gateway until its socket closes. faasctl calls it.

import OCI
import FoundationEssentials
import FunctionModel
import Glibc
import Sandbox

/// This process as a worker.
package enum TreeWorker {
    /// Whether the warden has started this process as a worker.
    package static var isThisProcess: Bool {
        CommandLine.arguments == [WorkerConfinement.programName, WorkerConfinement.argument]
    }

    /// Confines this process, then works until the gateway closes the socket.
    ///
    /// - Returns: the exit status.
    package static func run() -> Int32 {
        prepare()
        return WorkerConfinement.enter() ? serve() : 1
    }

    /// Loads files of the host that libraries read at first use, while they are visible.
    private static func prepare() {
        _ = Digest(of: [])
        // The locale's tables stay in memory.
        _ = try? ArchiveLocale.run { () throws(ImageError) in true }
        _ = try? JSONDecoder().decode(TreeOrder.self, from: JSONEncoder().encode(TreeOrder.remove("")))
        _ = SystemCall.message(ENOENT)
    }

    private static func serve() -> Int32 {
        let packets = WorkerPackets(socket: WorkerConfinement.socket)
        do throws(ImageError) {
            let folder = OpenFile(
                owning: try SystemCall.check("open", ".") {
                    openat(WorkerConfinement.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                }
            )
            while let (order, layers) = try packets.receive(TreeOrder.self) {
                let reply = TreeWork.perform(order, in: folder.descriptor, layers: layers)
                layers.forEach { close($0) }
                try packets.send(reply.answer, descriptors: reply.file.map { [$0] } ?? [])
                if let file = reply.file { close(file) }
            }
            return 0
        } catch {
            return 1
        }
    }
}
