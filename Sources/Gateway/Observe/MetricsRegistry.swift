// SPDX-License-Identifier: Apache-2.0
// Owns every function's counters across deploys. RouteCache asks for them when it builds a table.

import FunctionModel
import Synchronization

/// The counters of deployed functions only: names from requests create no series.
final class MetricsRegistry: Sendable {
    private let functions = Mutex<[FunctionName: FunctionMetrics]>([:])

    /// The function's counters, made at its first deploy.
    func function(_ name: FunctionName) -> FunctionMetrics {
        functions.withLock {
            if let known = $0[name] { return known }
            let made = FunctionMetrics()
            $0[name] = made
            return made
        }
    }

    /// Forgets functions that were removed.
    func keepOnly(_ names: Set<FunctionName>) {
        functions.withLock { known in known = known.filter { names.contains($0.key) } }
    }

    /// Everything, sorted by name.
    func read() -> [(name: FunctionName, reading: FunctionMetrics.Reading)] {
        let known = functions.withLock { $0 }
        return known.sorted { $0.key < $1.key }.map { ($0.key, $0.value.read()) }
    }
}
