// SPDX-License-Identifier: Apache-2.0
// Runs short blocking file work off the threads that serve requests. The administrative handlers drive it.

import Dispatch

/// A thread for file work: administrative calls are few, so one after the other is enough.
enum FileWork {
    private static let queue = DispatchQueue(label: "mayfly.gateway.files")

    /// Runs the work and gives its result; the caller's thread is free meanwhile.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
