// SPDX-License-Identifier: Apache-2.0
// Checks the admin's credentials wherever they are required, and delays guesses. The middleware and
// FunctionHandler drive it.

import Logging
import Synchronization

/// AdminCredentials, with a bound on wrong ones.
final class LoginGuard: Sendable {
    /// The result of checking a request's Authorization field.
    enum Verdict: Sendable {
        case admin(String)
        case refused(Problem)
    }

    private let credentials: AdminCredentials
    private let logger: Logger
    private let throttle = Mutex(LoginThrottle())

    init(credentials: AdminCredentials, logger: Logger) {
        self.credentials = credentials
        self.logger = logger
    }

    /// Checks a field; the answer to a wrong one may be delayed.
    ///
    /// - Parameters:
    ///   - field: the Authorization field; without one nothing is counted.
    ///   - address: of the client.
    /// - Returns: the user, or the answer.
    func check(_ field: String?, from address: String) async -> Verdict {
        guard let field else { return .refused(.unauthorized) }
        guard throttle.withLock({ $0.mayTry(address) }) else { return .refused(.tooManyAttempts) }
        if let user = credentials.user(authorizing: field) { return .admin(user) }
        let failure = throttle.withLock { $0.failed(address, at: .now) }
        if let count = failure.logs {
            logger.warning("wrong credentials", metadata: ["peer": "\(address)", "attempts": "\(count)"])
        }
        if failure.waits {
            // A client that leaves ends the wait of its own attempt only.
            try? await Task.sleep(for: LoginThrottle.delay)
            throttle.withLock { $0.waited(address) }
        }
        return .refused(.unauthorized)
    }
}
