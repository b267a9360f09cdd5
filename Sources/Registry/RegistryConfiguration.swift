// SPDX-License-Identifier: Apache-2.0
// Mirrors and plain-http registries of the configuration. Decides which addresses to try for a registry.

import HTTPClient
import Foundation

/// How registries are reached.
package struct RegistryConfiguration: Hashable, Sendable, Codable {
    /// For a registry's name, hosts or `http(s)://host[:port]` that a pull asks first, in order.
    package var mirrors: [String: [String]] = [:]
    /// For a registry's host or `host:port`, whether it uses plain http.
    ///
    /// Without an entry, a registry on `localhost` or 127.0.0.0/8 does and every other does not.
    package var plainHTTP: [String: Bool] = [:]

    package init() {}

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case mirrors
        case plainHTTP = "plain_http"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        mirrors = try values.decodeIfPresent([String: [String]].self, forKey: .mirrors) ?? [:]
        plainHTTP = try values.decodeIfPresent([String: Bool].self, forKey: .plainHTTP) ?? [:]
    }

    /// Largest configuration file, which has some lines.
    static let fileBytesMax = 1 << 20
    /// Mirrors of one registry: each one that is down costs a connection attempt.
    static let mirrorsMax = 8

    /// Reads a JSON file: `{"mirrors": {"docker.io": ["m.example.com"]}, "plain_http": {"host:80": true}}`.
    ///
    /// Blocks on the disk. An absent file is an empty configuration.
    ///
    /// - Throws: ``RegistryError/configuration(_:)`` for unknown keys, and for mirrors that are not a host.
    package init(path: String) throws(RegistryError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count <= Self.fileBytesMax else {
                throw RegistryError.configuration("\(path) is larger than \(Self.fileBytesMax) bytes")
            }
            let keys = (try JSONSerialization.jsonObject(with: data) as? [String: Any])?.keys.sorted() ?? []
            let known = CodingKeys.allCases.map(\.rawValue)
            if let unknown = keys.first(where: { !known.contains($0) }) {
                throw RegistryError.configuration("\(path): unknown key '\(unknown)', expected \(known)")
            }
            self = try JSONDecoder().decode(RegistryConfiguration.self, from: data)
            try validate()
        } catch let error as RegistryError {
            throw error
        } catch {
            throw .configuration("\(path): \(error)")
        }
    }

    /// Checks that every mirror is an address.
    package func validate() throws(RegistryError) {
        for (registry, hosts) in mirrors {
            guard hosts.count <= Self.mirrorsMax else {
                throw .configuration("at most \(Self.mirrorsMax) mirrors for '\(registry)'")
            }
            for host in hosts where endpoint(of: host) == nil {
                throw .configuration(
                    "mirror '\(host)' of '\(registry)' is not a host or http(s)://host[:port]"
                )
            }
        }
    }

    /// The endpoints with a registry's content, preferred ones first; the registry itself comes last.
    func endpoints(for registry: String, pulling: Bool) throws(RegistryError) -> [RegistryEndpoint] {
        guard let own = endpoint(of: registry) else {
            throw .configuration("'\(registry)' is not a registry host")
        }
        let given = pulling ? mirrors[registry] ?? [] : []
        return given.prefix(Self.mirrorsMax).compactMap(endpoint(of:)) + [own]
    }

    /// The host of Docker Hub's registry, which differs from its name.
    private static let hub = (name: "docker.io", host: "registry-1.docker.io")

    private func endpoint(of text: String) -> RegistryEndpoint? {
        var host = Substring(text)
        var scheme: String?
        for candidate in ["http", "https"] where text.hasPrefix(candidate + "://") {
            scheme = candidate
            host = host.dropFirst(candidate.count + 3)
        }
        if host.hasSuffix("/") { host = host.dropLast() }
        let name = String(host)
        let served = name == Self.hub.name ? Self.hub.host : name
        guard !name.isEmpty, !name.contains("/"), !name.contains("@"), !name.contains("?"),
            let probe = URL(string: "https://\(served)/"), let bare = probe.host
        else { return nil }
        let usual = Origin.isLoopback(bare.lowercased().trimmingCharacters(in: ["[", "]"]))
        let isPlain = plainHTTP[name] ?? plainHTTP[bare] ?? usual
        guard let base = URL(string: "\(scheme ?? (isPlain ? "http" : "https"))://\(served)/"),
            let origin = Origin(base)
        else { return nil }
        return RegistryEndpoint(name: name, base: base, origin: origin)
    }
}

/// One address that serves the distribution protocol.
struct RegistryEndpoint: Hashable, Sendable {
    /// As in references and credential files, for example `docker.io` or `localhost:5000`.
    var name: String
    var base: URL
    var origin: Origin

    /// The address of something below `/v2/`.
    ///
    /// The path follows the registry grammar, which needs no escaping; the query is escaped here.
    func url(_ path: String, query: [(name: String, value: String)] = []) -> URL? {
        var parts = URLComponents(url: base, resolvingAgainstBaseURL: false)
        parts?.path = "/v2/" + path
        if !query.isEmpty { parts?.percentEncodedQuery = FormEncoding.encode(query) }
        return parts?.url
    }
}
