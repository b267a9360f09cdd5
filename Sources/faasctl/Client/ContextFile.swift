// SPDX-License-Identifier: Apache-2.0
// The user's gateways by name, with what each of them asks for. GlobalOptions reads them, `faasctl context` changes
// them.

import Foundation

/// One gateway of the user's.
struct GatewayContext: Codable, Hashable, Sendable, CustomStringConvertible {
    /// Its address.
    var gateway: String
    var token: String?
    var user: String?
    var password: String?
    /// PEM files, with absolute paths.
    var roots: String?
    var certificate: String?
    var key: String?

    enum CodingKeys: String, CodingKey {
        case gateway, token, user, password
        case roots = "tls_ca"
        case certificate = "client_cert"
        case key = "client_key"
    }

    /// What the client signs in with; nil when the context has nothing.
    var credentials: ClientCredentials? {
        if let token { return .token(token) }
        guard let user, let password else { return nil }
        return .basic(BasicCredentials(user: user, password: password))
    }

    /// Without secrets: descriptions end up in logs.
    var description: String { gateway }
}

/// All contexts, and the one in use.
struct ContextFile: Codable, Hashable, Sendable {
    /// More are a mistake of a script.
    static let countMax = 256
    /// A larger file is no file of contexts.
    static let bytesMax = 4 << 20

    /// Nil: none is used.
    var current: String?
    var contexts: [String: GatewayContext] = [:]

    /// The context in use; nil without one.
    var used: GatewayContext? { current.flatMap { contexts[$0] } }

    /// `$XDG_CONFIG_HOME/mayfly/contexts.json`; nil without a home.
    static func path(environment: [String: String]) -> String? {
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/mayfly/contexts.json"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + "/.config/mayfly/contexts.json"
    }

    /// Reads the file; one that does not exist has no contexts.
    ///
    /// - Throws: ``CommandFailure`` when it cannot be read, is malformed, or others can read its secrets.
    static func read(environment: [String: String]) throws(CommandFailure) -> ContextFile {
        guard let path = path(environment: environment) else { return ContextFile() }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return ContextFile() }
            throw failure(path, systemMessage(errno))
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw failure(path, "it is not a file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw failure(path, "others than its owner can read it", next: "chmod 600 '\(path)'")
        }
        guard status.st_size <= Self.bytesMax else { throw failure(path, "it is too large") }
        do {
            let data = try file.readToEnd() ?? Data()
            return try JSONDecoder().decode(ContextFile.self, from: data)
        } catch {
            throw failure(path, "it is malformed", next: "repair or remove it")
        }
    }

    /// Replaces the file; afterwards it is whole, and its owner's alone.
    ///
    /// - Throws: ``CommandFailure``.
    func write(environment: [String: String]) throws(CommandFailure) {
        guard let path = Self.path(environment: environment) else {
            throw CommandFailure(
                "cannot keep contexts",
                why: "neither HOME nor XDG_CONFIG_HOME is an absolute path"
            )
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let temporary = path + ".\(getpid())"
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let data = try encoder.encode(self)
            unlink(temporary)
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Self.failure(temporary, systemMessage(errno)) }
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try file.write(contentsOf: data)
            try file.synchronize()
            guard rename(temporary, path) == 0 else { throw Self.failure(path, systemMessage(errno)) }
        } catch let failure as CommandFailure {
            unlink(temporary)
            throw failure
        } catch {
            unlink(temporary)
            throw Self.failure(path, error.localizedDescription)
        }
    }

    private static func failure(_ path: String, _ why: String, next: String = "") -> CommandFailure {
        CommandFailure("cannot use the contexts in '\(path)'", why: why, next: next)
    }
}
