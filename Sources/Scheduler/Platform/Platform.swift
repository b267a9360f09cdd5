// SPDX-License-Identifier: Apache-2.0
// Wires the rooms below the HTTP edge together and ends them in order. faasctl's serve drives it.

/// One running gateway without its HTTP edge.
package final class Platform: Sendable {
    package let configuration: PlatformConfiguration
    package let catalog: Catalog
    /// The door that HTTP, schedules and the queue call functions through.
    package let invoker: any FunctionInvoker

    /// Opens the data folder and its stores, and takes the lock. Blocks; nothing runs yet.
    ///
    /// - Throws: ``PlatformError``.
    package init(_ configuration: PlatformConfiguration) throws(PlatformError) {
        throw .spawner(reason: "not started")
    }

    /// Starts the spawner, brings back every function and begins the schedules.
    ///
    /// - Throws: ``PlatformError``.
    package func start() async throws(PlatformError) {}

    /// Stops admission, lets running calls finish (bounded by their grace), and gives everything back.
    package func shutdown() async {}
}
