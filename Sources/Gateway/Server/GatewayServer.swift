// SPDX-License-Identifier: Apache-2.0
// The HTTP edge as one service. faasctl's serve drives it, next to Platform.

package import Logging
package import Scheduler

/// Listens, answers and drains.
package final class GatewayServer: Sendable {
    private let configuration: GatewayConfiguration
    private let logger: Logger

    /// Makes the edge of a platform. Blocks for the credential files; listens only in ``run(onListening:)``.
    ///
    /// - Throws: ``GatewayError/credentials(path:reason:)``.
    package init(_ configuration: GatewayConfiguration, platform: Platform, logger: Logger)
        throws(GatewayError)
    {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until the surrounding service group shuts down gracefully or the task is cancelled.
    ///
    /// Then no new connection is taken, and requests under way end first.
    ///
    /// - Parameter onListening: called once with the port, when connections are accepted.
    /// - Throws: ``GatewayError``.
    package func run(onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in })
        async throws(GatewayError)
    {
        throw .ended(reason: "not started")
    }
}
