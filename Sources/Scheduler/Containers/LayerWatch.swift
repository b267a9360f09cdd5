// SPDX-License-Identifier: Apache-2.0
// Measures the writable layer of a container while it runs, and ends the container where that is too large. Container
// makes one for each run.

import FunctionModel
import Glibc
import ImageStore
import Logging

/// Looks at one layer until its task is cancelled.
struct LayerWatch: Sendable {
    let id: String
    let folders: ContainerFolders
    let limit: ByteCount?
    /// Whether it can write now.
    let isRunning: @Sendable () -> Bool
    /// The container is to be ended for this reason.
    let onExcess: @Sendable (String) async -> Void

    /// - Returns: the task, which the container cancels at the end of the run.
    func start() -> Task<Void, Never> { Task { await watch() } }

    private func watch() async {
        var state = LayerWatchState(limit: limit)
        var pause = LayerWatchState.interval
        while true {
            // A cancelled sleep means that the run has ended.
            do { try await Task.sleep(for: pause) } catch { return }
            let begin = ContinuousClock.now
            let free = Self.freeBytes(at: folders.dataDirectory)
            if isRunning(), state.isMeasured(freeBytes: free),
                let excess = await look(&state, freeBytes: free)
            {
                return await onExcess(reason(excess))
            }
            pause = LayerWatchState.pause(after: ContinuousClock.now - begin)
        }
    }

    private func look(
        _ state: inout LayerWatchState,
        freeBytes: Int?
    ) async -> LayerWatchState.Excess? {
        do throws(ImageError) {
            guard let bytes = try await folders.layerBytes(of: id) else { return nil }
            return state.measured(bytes, freeBytes: freeBytes)
        } catch {
            folders.logger.warning(
                "a container's layer cannot be measured",
                metadata: ["container": "\(id)", "reason": "\(error)"]
            )
            return state.failed()
        }
    }

    private func reason(_ excess: LayerWatchState.Excess) -> String {
        switch excess {
        case .limit(let bytes):
            "its writable layer took \(bytes >> 20) MiB, more than its limit of \((limit?.bytes ?? 0) >> 20) MiB"
        case .unmeasurable:
            "its writable layer could not be measured \(LayerWatchState.failuresMax) times: it has too many folders, or "
                + "too deep ones"
        case .hostFull:
            "the gateway's disk has less than \(LayerWatchState.freeFloor) free, and its writable layer grew"
        }
    }

    /// Nil when the file system does not report it.
    private static func freeBytes(at path: String) -> Int? {
        var status = statvfs()
        return statvfs(path, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : nil
    }
}
