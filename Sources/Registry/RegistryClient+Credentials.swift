// SPDX-License-Identifier: Apache-2.0
// Finds the credential for a registry: helpers first, then the file itself, as Docker does.

import HTTPClient
import ImageStore
import Foundation

extension RegistryClient {
    /// Looks up the credentials for a registry; nil means anonymous access.
    ///
    /// Reads the credential file, and may run a helper program.
    func credential(for registry: String, repository: String?) async throws(RegistryError) -> Credential? {
        switch options.credentials {
        case .none: return nil
        case .fixed(let credentials): return credentials[registry]
        case .given(let config): return try config.stored(for: registry, repository: repository)
        case .file(let locations):
            let config = try await Self.blocking { () throws(RegistryError) in
                try DockerConfigFile.read(locations)
            }
            guard let config else { return nil }
            if let (helper, server) = config.helper(for: registry) {
                let path = ProcessInfo.processInfo.environment["PATH"]
                if let found = try await CredentialHelper.get(helper, server: server, path: path) {
                    return found
                }
            }
            return try config.stored(for: registry, repository: repository)
        }
    }

    /// Asks a registry whether it accepts a credential.
    ///
    /// - Parameters:
    ///   - credential: instead of this client's own.
    ///   - registry: a host as in references; `docker.io` is Docker Hub.
    /// - Throws: ``RegistryError/notAllowed(_:)`` when the registry rejects it.
    package func check(_ credential: Credential, for registry: String) async throws(RegistryError) {
        var trial = options
        trial.credentials = .fixed([registry: credential])
        try await RegistryClient(trial).ping(registry)
    }

    /// Stores a credential that a registry has accepted: with the helper that the file names, else in the file.
    ///
    /// - Parameters:
    ///   - credential: nil removes the registry's.
    ///   - registry: a host as in references; `docker.io` is Docker Hub.
    ///   - locations: which file, readable by its owner only.
    /// - Throws: ``RegistryError/credentials(_:)``.
    package static func keep(
        _ credential: Credential?,
        for registry: String,
        locations: DockerConfigFile.Locations = .ofEnvironment()
    ) async throws(RegistryError) {
        let config = try await blocking { () throws(RegistryError) in try DockerConfigFile.read(locations) }
        if let (helper, server) = config?.helper(for: registry) {
            let path = ProcessInfo.processInfo.environment["PATH"]
            return try await CredentialHelper.keep(credential, helper: helper, server: server, path: path)
        }
        try await blocking { () throws(RegistryError) in
            try DockerConfigFile.write(credential, for: registry, to: locations)
        }
    }

    /// Asks a registry whether it answers and accepts this client's credentials (`GET /v2/`).
    ///
    /// - Parameter registry: a host as in references.
    /// - Throws: ``RegistryError`` when it does not answer, or answers with a failure.
    package func ping(_ registry: String) async throws(RegistryError) {
        let endpoints = try options.registries.endpoints(for: registry, pulling: false)
        guard let endpoint = endpoints.last else { return }
        let session = RegistrySession(self, endpoint: endpoint, repository: nil, scopes: [], events: { _ in })
        let answer = try await session.small(HTTPRequest("GET", try session.url("")), what: registry)
        guard answer.head.isSuccess else {
            throw RegistryAnswer(subject: registry, head: answer.head, body: answer.body).error
        }
    }

    private static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        try await BlockingWork.run(body)
    }
}
