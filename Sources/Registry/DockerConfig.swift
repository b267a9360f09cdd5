// SPDX-License-Identifier: Apache-2.0
// The content of Docker's config.json: the credentials of each registry. Pure; DockerConfigFile reads and writes it.

import Foundation

/// A parsed credential file.
package struct DockerConfig: Sendable {
    /// The key of Docker Hub's credentials.
    static let hubKey = "https://index.docker.io/v1/"
    static let hubNames: Set<String> = ["docker.io", "index.docker.io", "registry-1.docker.io"]

    private struct Entry: Decodable {
        var auth: String?
        var username: String?
        var password: String?
        var identitytoken: String?
        var registrytoken: String?
    }

    private struct File: Decodable {
        var auths: [String: Entry?]?
        var credHelpers: [String: String]?
        var credsStore: String?
    }

    private let file: File

    /// Reads the file's bytes.
    ///
    /// - Throws: ``RegistryError/credentials(_:)`` when it is not JSON of that form.
    init(_ data: Data, path: String) throws(RegistryError) {
        do {
            file = try JSONDecoder().decode(File.self, from: data)
        } catch {
            throw .credentials("\(path) is not a Docker credential file: \(error)")
        }
    }

    /// The helper program to ask first, and the name to ask it for.
    func helper(for registry: String) -> (helper: String, server: String)? {
        let server = Self.serverName(registry)
        for key in [server, registry] {
            if let helper = file.credHelpers?[key], !helper.isEmpty { return (helper, server) }
        }
        guard let store = file.credsStore, !store.isEmpty else { return nil }
        return (store, server)
    }

    /// The credential in the file itself: the entry with the longest matching path.
    ///
    /// Entries may be for `registry/some/path` only, therefore the repository matters. Throws
    /// ``RegistryError/credentials(_:)`` when the entry cannot be decoded.
    func stored(for registry: String, repository: String?) throws(RegistryError) -> Credential? {
        let entries = file.auths ?? [:]
        for key in Self.keys(for: registry, repository: repository) {
            let found = entries.first { Self.normalised($0.key) == key }
            guard let entry = found?.value, let credential = try Self.credential(entry, for: key) else {
                continue
            }
            return credential
        }
        return nil
    }

    private static func credential(_ entry: Entry, for key: String) throws(RegistryError) -> Credential? {
        if let token = entry.registrytoken, !token.isEmpty {
            return Credential(user: "", secret: token, kind: .registryToken)
        }
        var user = entry.username ?? ""
        var password = entry.password ?? ""
        if let auth = entry.auth, !auth.isEmpty {
            guard let data = Data(base64Encoded: auth), let colon = data.firstIndex(of: UInt8(ascii: ":"))
            else { throw .credentials("the 'auth' of '\(key)' is not base64 of user:password") }
            user = String(decoding: data[..<colon], as: UTF8.self)
            // Old versions of Docker padded the password with NUL bytes.
            let secret = data[data.index(after: colon)...].prefix { $0 != 0 }
            password = String(decoding: secret, as: UTF8.self)
        }
        if let token = entry.identitytoken, !token.isEmpty {
            return Credential(user: user, secret: token, kind: .identityToken)
        }
        return user.isEmpty && password.isEmpty ? nil : Credential(user: user, secret: password)
    }

    /// The registry's name in Docker's file.
    static func serverName(_ registry: String) -> String {
        hubNames.contains(registry) ? hubKey : registry
    }

    /// Keys to look up, most specific first, in the form of ``normalised(_:)``.
    private static func keys(for registry: String, repository: String?) -> [String] {
        let host = hubNames.contains(registry) ? "docker.io" : registry
        var keys: [String] = []
        var path = (repository ?? "").split(separator: "/")
        while !path.isEmpty {
            keys.append(host + "/" + path.joined(separator: "/"))
            path.removeLast()
        }
        return keys + [host]
    }

    /// Files of different versions name a registry `host`, `https://host` or `https://host/v1/`.
    private static func normalised(_ key: String) -> String {
        var rest = Substring(key)
        for prefix in ["https://", "http://"] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
        }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        for suffix in ["/v1", "/v2"] where rest.hasSuffix(suffix) { rest = rest.dropLast(suffix.count) }
        let parts = rest.split(separator: "/", maxSplits: 1)
        guard let host = parts.first else { return String(rest) }
        let name = hubNames.contains(String(host)) ? "docker.io" : String(host)
        return parts.count == 2 ? "\(name)/\(parts[1])" : name
    }
}
