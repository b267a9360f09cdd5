// SPDX-License-Identifier: Apache-2.0
// Transfers several blobs at once, each worker on a connection of its own. Pull and push use it.

import OCI
import Synchronization

extension RegistrySession {
    /// Runs the body for every blob, on as many lanes as the client's options allow; one failure cancels all.
    func inParallel(
        _ blobs: [Descriptor],
        _ body: @escaping @Sendable (RegistrySession, Descriptor) async throws(RegistryError) -> Void
    ) async throws(RegistryError) {
        let queue = BlobQueue(blobs)
        let width = max(1, min(client.options.transfersMax, blobs.count))
        let failures = await withTaskGroup(of: RegistryError?.self) { group in
            for number in 0..<width {
                let worker = number == 0 ? self : sibling()
                group.addTask {
                    do throws(RegistryError) {
                        while let blob = queue.take() { try await body(worker, blob) }
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var failures: [RegistryError] = []
            for await failure in group {
                guard let failure else { continue }
                failures.append(failure)
                group.cancelAll()
            }
            return failures
        }
        // The others were cancelled because of the first.
        if let failure = failures.first { throw failure }
    }

    /// A session with the same registry on another connection.
    private func sibling() -> RegistrySession {
        RegistrySession(client, endpoint: endpoint, repository: repository, scopes: scopes, events: events)
    }
}

/// The blobs that no worker has taken yet.
private final class BlobQueue: Sendable {
    private let blobs: Mutex<[Descriptor]>

    /// The largest blobs first, so that the last worker does not begin with a large one.
    init(_ blobs: [Descriptor]) { self.blobs = Mutex(blobs.sorted { $0.size < $1.size }) }

    func take() -> Descriptor? { blobs.withLock { $0.popLast() } }
}
