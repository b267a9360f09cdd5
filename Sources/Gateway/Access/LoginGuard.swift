// SPDX-License-Identifier: Apache-2.0
// Checks credentials wherever they are required, and delays guesses. AdminAuthentication, FunctionDoor and
// FunctionHandler drive it.

import FoundationEssentials
import Logging
import Synchronization

/// AdminCredentials and tokens, with a bound on wrong ones.
final class LoginGuard: Sendable {
    /// The result of checking a request's Authorization field.
    enum Verdict: Sendable {
        case caller(Caller)
        case refused(Problem)
    }

    private let credentials: AdminCredentials
    private let tokens: TokenBook
    private let keys: AccessKeys
    private let logger: Logger
    private let throttle = Mutex(LoginThrottle())

    init(credentials: AdminCredentials, tokens: TokenBook, keys: AccessKeys, logger: Logger) {
        self.credentials = credentials
        self.tokens = tokens
        self.keys = keys
        self.logger = logger
    }

    /// Checks a field; the answer to a wrong one may be delayed.
    ///
    /// - Parameters:
    ///   - field: the Authorization field; without one nothing is counted.
    ///   - address: of the client.
    /// - Returns: the caller, or the answer.
    func check(_ field: String?, from address: String) async -> Verdict {
        guard let field else { return .refused(.unauthorized) }
        guard throttle.withLock({ $0.mayTry(address) }) else { return .refused(.tooManyAttempts) }
        if let caller = caller(field) { return .caller(caller) }
        await refuse("wrong credentials", from: address)
        return .refused(.unauthorized)
    }

    /// The secret that an access key's holder signs with, and the caller: a token by its id, or the administrator by
    /// the user name, with the password.
    ///
    /// Nothing is proven before the signature is checked; ``signed(_:)`` follows then.
    func signer(_ keyID: String) -> (secret: String, caller: Caller)? {
        if let (hash, caller) = tokens.signer(keyID, at: Date()) { return (keys.secret(of: hash), caller) }
        return credentials.secret(of: keyID).map { ($0, Caller(administrator: keyID)) }
    }

    /// A signature was valid: the token was used.
    func signed(_ caller: Caller) { if let id = caller.tokenID { tokens.used(id, at: Date()) } }

    /// Whether another attempt of this address is looked at now.
    func mayTry(_ address: String) -> Bool { throttle.withLock { $0.mayTry(address) } }

    private func caller(_ field: String) -> Caller? {
        if let token = AccessToken.inField(field) { return tokens.caller(token, at: Date()) }
        return credentials.user(authorizing: field).map { Caller(administrator: $0) }
    }

    /// Counts a wrong attempt, and waits when the address has made too many.
    func refuse(_ what: Logger.Message, from address: String) async {
        let failure = throttle.withLock { $0.failed(address, at: .now) }
        if let count = failure.logs {
            logger.warning(what, metadata: ["peer": "\(address)", "attempts": "\(count)"])
        }
        if failure.waits {
            // A client that leaves ends the wait of its own attempt only.
            try? await Task.sleep(for: LoginThrottle.delay)
            throttle.withLock { $0.waited(address) }
        }
    }
}
