// SPDX-License-Identifier: Apache-2.0
// Finds, reads and rewrites Docker's credential file. Every call blocks on the disk.

import ImageStore
import Foundation
import Glibc

/// The file `config.json` at the place that the environment names.
package enum DockerConfigFile {
    /// Paths of the file.
    package struct Locations: Hashable, Sendable {
        /// The file that is read and written; nil when there is neither a setting nor a home.
        package var path: String?

        package init(path: String?) { self.path = path }

        /// `$REGISTRY_AUTH_FILE`, else `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
        package static func ofEnvironment(
            _ environment: [String: String] = ProcessInfo.processInfo.environment
        ) -> Locations {
            if let file = environment["REGISTRY_AUTH_FILE"], !file.isEmpty { return Locations(path: file) }
            if let folder = environment["DOCKER_CONFIG"], !folder.isEmpty {
                return Locations(path: folder + "/config.json")
            }
            guard let home = environment["HOME"], !home.isEmpty else { return Locations(path: nil) }
            return Locations(path: home + "/.docker/config.json")
        }
    }

    /// Enough for a thousand registries; a larger file is no credential file.
    static let bytesMax = 1 << 20

    /// Reads the file; nil when there is none.
    static func read(_ locations: Locations) throws(RegistryError) -> DockerConfig? {
        guard let path = locations.path, let data = try content(of: path) else { return nil }
        return try DockerConfig(data, path: path)
    }

    /// Stores a credential in the file, or removes it; the rest of the file stays unchanged.
    ///
    /// The file is replaced in one step and readable by its owner only.
    ///
    /// A nil credential removes the registry's entry. Throws ``RegistryError/credentials(_:)``.
    static func write(
        _ credential: Credential?,
        for registry: String,
        to locations: Locations
    ) throws(RegistryError) {
        guard let path = locations.path else {
            throw .credentials(
                "no place for a credential file: set HOME, DOCKER_CONFIG or REGISTRY_AUTH_FILE"
            )
        }
        var document: [String: Any] = [:]
        do {
            if let data = try content(of: path), !data.isEmpty {
                guard let old = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
                    throw RegistryError.credentials("\(path) is not a JSON object")
                }
                document = old
            }
            var auths = document["auths"] as? [String: Any] ?? [:]
            auths[DockerConfig.serverName(registry)] = credential.map(entry)
            document["auths"] = auths
            let options: JSONSerialization.WritingOptions = [
                .prettyPrinted, .sortedKeys, .withoutEscapingSlashes,
            ]
            let data = try JSONSerialization.data(withJSONObject: document, options: options)
            try replace(path, with: data)
        } catch let error as RegistryError {
            throw error
        } catch {
            throw .credentials("\(path): \(error)")
        }
    }

    static func entry(_ credential: Credential) -> [String: String] {
        switch credential.kind {
        case .password:
            ["auth": Data("\(credential.user):\(credential.secret)".utf8).base64EncodedString()]
        case .identityToken:
            [
                "auth": Data("\(credential.user):".utf8).base64EncodedString(),
                "identitytoken": credential.secret,
            ]
        case .registryToken: ["registrytoken": credential.secret]
        }
    }

    private static func content(of path: String) throws(RegistryError) -> Data? {
        do throws(ImageError) {
            let file = try OpenFile(path: path)
            let bytes = try file.read(upTo: bytesMax + 1, of: path)
            guard bytes.count <= bytesMax else {
                throw ImageError.limitExceeded(what: "size of \(path)", limit: bytesMax)
            }
            return Data(bytes)
        } catch {
            if case .system(_, _, ENOENT) = error { return nil }
            throw .credentials(error.description)
        }
    }

    private static func replace(_ path: String, with data: Data) throws(RegistryError) {
        // A symbolic link stays one: some users keep the file elsewhere.
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let temporary = target + ".\(UInt64.random(in: 0 ... .max))"
        do throws(ImageError) {
            try Directories.make((target as NSString).deletingLastPathComponent, mode: 0o700)
            let file = try OpenFile(path: temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            do throws(ImageError) {
                let written = data.withUnsafeBytes { bytes in
                    Result { () throws(ImageError) in try file.write(bytes, to: temporary) }
                }
                try written.get()
                try file.synchronize(temporary)
                try SystemCall.check("rename", target) { rename(temporary, target) }
            } catch {
                unlink(temporary)
                throw error
            }
        } catch {
            throw .credentials(error.description)
        }
    }
}
