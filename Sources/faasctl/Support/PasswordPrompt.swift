// SPDX-License-Identifier: Apache-2.0
// Asks for a user name and a password: on the terminal without echo, or from standard input.

import ClientFiles
import Foundation

/// The source of the credential of `login`.
enum PasswordPrompt {
    /// Longest secret that is read; tokens have a few KiB.
    private static let secretBytesMax = 32 << 10

    /// The credential for the login.
    ///
    /// - Parameters:
    ///   - user: read from the terminal when nil.
    ///   - isFromInput: whether the password is the whole standard input, without its last line break.
    ///   - what: begins the message when there is none.
    /// - Returns: a user and a password.
    /// - Throws: ``CommandFailure``.
    static func credential(user: String?, isFromInput: Bool, _ what: String) throws(CommandFailure)
        -> RegistryLogin
    {
        let isTerminal = isatty(0) == 1
        guard isFromInput || isTerminal else {
            throw CommandFailure(what, why: "there is no terminal for a prompt", next: "use --password-stdin")
        }
        guard let user = user ?? (isFromInput ? nil : ask("Username: ", isSecret: false)), !user.isEmpty
        else {
            throw CommandFailure(what, why: "no user name is given", next: "use -u USER")
        }
        let secret = isFromInput ? try whole(what) : ask("Password: ", isSecret: true) ?? ""
        guard !secret.isEmpty else { throw CommandFailure(what, why: "the password is empty") }
        return RegistryLogin(user: user, password: secret)
    }

    /// The whole standard input, without its last line break.
    static func whole(_ what: String) throws(CommandFailure) -> String {
        let data: Data?
        do {
            data = try FileHandle.standardInput.read(upToCount: secretBytesMax + 1)
        } catch {
            throw CommandFailure(what, why: "standard input: \(error.localizedDescription)")
        }
        guard let data, data.count <= secretBytesMax else {
            throw CommandFailure(
                what,
                why: data == nil ? "standard input is empty" : "the password is too long"
            )
        }
        var text = Substring(String(decoding: data, as: UTF8.self))
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text = text.dropLast() }
        return String(text)
    }

    /// One line of the terminal; nil at its end.
    private static func ask(_ question: String, isSecret: Bool) -> String? {
        // Without a visible prompt the user cannot answer.
        try? Terminal.error.write(question.utf8)
        var before = termios()
        let hasSettings = unsafe isSecret && tcgetattr(0, &before) == 0
        if hasSettings {
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO)
            unsafe tcsetattr(0, TCSAFLUSH, &silent)
        }
        defer {
            if hasSettings {
                unsafe tcsetattr(0, TCSAFLUSH, &before)
                Terminal.error.remark("")
            }
        }
        return readLine(strippingNewline: true)
    }
}
