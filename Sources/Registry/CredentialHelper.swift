// SPDX-License-Identifier: Apache-2.0
// Runs docker-credential-NAME programs, without a shell and within bounds. The credential lookup uses it.

import ImageStore
import Foundation
import Glibc

/// A credential helper: reads a registry's name on stdin, writes JSON on stdout.
enum CredentialHelper {
    /// Longest wait: a helper may ask the user to unlock a key ring.
    static let timeoutSeconds = 30
    /// Largest output: one JSON object with a token.
    static let outputBytesMax = 64 << 10
    /// The message of helpers, with exit status 1, when they have no credential for a registry.
    private static let unknown = [
        "credentials not found", "no credentials server URL", "no credentials username",
    ]

    private struct Answer: Decodable {
        // The helper protocol's own spelling.
        var username: String
        var secret: String

        enum CodingKeys: String, CodingKey {
            case username = "Username"
            case secret = "Secret"
        }
    }

    /// Asks a helper; nil when it has no credential.
    ///
    /// Runs on a thread of its own, at most ``timeoutSeconds``.
    static func get(_ name: String, server: String, path: String?) async throws(RegistryError) -> Credential?
    {
        let result: Result<Credential?, RegistryError> = await withCheckedContinuation { waiter in
            Thread.detachNewThread {
                waiter.resume(
                    returning: Result { () throws(RegistryError) in
                        try ask(name, server: server, searchPath: path)
                    }
                )
            }
        }
        return try result.get()
    }

    /// Lets a helper store a credential, or remove a registry's.
    ///
    /// Runs on a thread of its own, at most ``timeoutSeconds``.
    static func keep(
        _ credential: Credential?,
        helper name: String,
        server: String,
        path: String?
    ) async throws(RegistryError) {
        let result: Result<Void, RegistryError> = await withCheckedContinuation { waiter in
            Thread.detachNewThread {
                waiter.resume(
                    returning: Result { () throws(RegistryError) in
                        try send(credential, helper: name, server: server, searchPath: path)
                    }
                )
            }
        }
        try result.get()
    }

    private static func send(
        _ credential: Credential?,
        helper name: String,
        server: String,
        searchPath: String?
    ) throws(RegistryError) {
        guard let credential else {
            _ = try answer(of: name, "erase", input: server, searchPath: searchPath)
            return
        }
        let user = credential.kind == .identityToken ? "<token>" : credential.user
        let words = ["ServerURL": server, "Username": user, "Secret": credential.secret]
        guard let input = try? JSONEncoder().encode(words) else {
            throw .credentials("the credential cannot be packed for a helper")
        }
        let text = String(decoding: input, as: UTF8.self)
        _ = try answer(of: name, "store", input: text, searchPath: searchPath)
    }

    /// The output of a helper; nil when it has no credential for the registry.
    private static func answer(
        of name: String,
        _ verb: String,
        input: String,
        searchPath: String?
    ) throws(RegistryError) -> Data? {
        let program = "docker-credential-\(name)"
        guard name.utf8.allSatisfy(isNameCharacter), let executable = find(program, in: searchPath) else {
            throw .credentials("helper \(program) is not in PATH")
        }
        let (output, status) = try run(executable, verb, input: input, program: program)
        if status == 0 { return output }
        let text = String(decoding: output, as: UTF8.self)
        if unknown.contains(where: { text.localizedCaseInsensitiveContains($0) }) { return nil }
        let reason = text.split(whereSeparator: \.isNewline).first.map { String($0.prefix(200)) }
        throw .credentials("\(program) failed with status \(status): \(reason ?? "no output")")
    }

    private static func ask(
        _ name: String,
        server: String,
        searchPath: String?
    ) throws(RegistryError) -> Credential? {
        let output = try answer(of: name, "get", input: server, searchPath: searchPath)
        guard let output else { return nil }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: output) else {
            // The output may hold a secret, so it is not quoted.
            throw .credentials("docker-credential-\(name) gave an answer that violates its protocol")
        }
        if answer.username.isEmpty, answer.secret.isEmpty { return nil }
        return answer.username == "<token>"
            ? Credential(user: "", secret: answer.secret, kind: .identityToken)
            : Credential(user: answer.username, secret: answer.secret)
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func find(_ program: String, in searchPath: String?) -> String? {
        let folders = (searchPath ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        return folders.filter { $0.hasPrefix("/") }.map { "\($0)/\(program)" }
            .first { access($0, X_OK) == 0 }
    }

    private static func run(
        _ executable: String,
        _ verb: String,
        input: String,
        program: String
    ) throws(RegistryError) -> (output: Data, status: Int32) {
        let end = ContinuousClock.now.advanced(by: .seconds(timeoutSeconds))
        let (child, descriptor): (pid_t, Int32)
        do throws(ImageError) {
            (child, descriptor) = try HelperProcess.spawn([executable, verb], input: input + "\n")
        } catch {
            throw .credentials("\(program) cannot be run: \(error)")
        }
        let output = HelperProcess.read(descriptor, limitBytes: outputBytesMax, until: end)
        close(descriptor)
        guard let status = HelperProcess.wait(child, until: output == nil ? .now : end), let output else {
            throw .credentials(
                "\(program) took more than \(timeoutSeconds) s or wrote more than \(outputBytesMax) bytes"
            )
        }
        return (output, status)
    }
}
