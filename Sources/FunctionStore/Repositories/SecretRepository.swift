// SPDX-License-Identifier: Apache-2.0
// The aggregate "secrets of functions", as its users see it. SecretStore implements it with files.

/// Bounds of secrets, for every implementation.
package enum SecretLimits {
    /// Largest value: the bound of Kubernetes, and small enough to be copied into every sandbox.
    package static let valueBytesMax = 1 << 20
    /// Secrets in all; a listing stays one page.
    package static let countMax = 4096
}

/// Named secrets of functions, within ``SecretLimits``.
///
/// Each change is atomic and durable: after a crash it is whole or absent. Several processes may use one repository at
/// the same time. No method blocks the cooperative thread pool.
package protocol SecretRepository: Sendable {
    /// The secrets of a namespace: names there and in any other one are different secrets.
    ///
    /// A repository is that of the default namespace until this is asked.
    ///
    /// - Parameter namespace: the name of a namespace, checked.
    /// - Returns: the repository of the namespace.
    func within(_ namespace: String) -> any SecretRepository

    /// Stores a new secret.
    ///
    /// - Parameters:
    ///   - name: one plain file name.
    ///   - value: any bytes.
    /// - Throws: ``SecretError/exists(_:)`` when there is one of this name; of several callers one succeeds.
    func create(_ name: String, _ value: [UInt8]) async throws(SecretError)

    /// Replaces a secret's value; readers see the old value or the new one, never a mixture.
    ///
    /// - Throws: ``SecretError/notFound(_:)`` when there is none of this name.
    func update(_ name: String, _ value: [UInt8]) async throws(SecretError)

    /// Names of all secrets, sorted.
    ///
    /// - Throws: ``SecretError``.
    func list() async throws(SecretError) -> [String]

    /// A secret's value, as the last change left it, whichever process made it.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    func read(_ name: String) async throws(SecretError) -> [UInt8]

    /// The path of a file on this host that holds a secret's value, for build steps.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    func file(of name: String) async throws(SecretError) -> String

    /// Removes a secret.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    func remove(_ name: String) async throws(SecretError)
}

extension SecretStore: SecretRepository {}
