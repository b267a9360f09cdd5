// SPDX-License-Identifier: Apache-2.0
// What a caller asks of one more process in a running container. faasctl sends it, Gateway decodes it, Scheduler runs
// it.

/// One process in a container that runs; it ends with the container, and when its caller disconnects.
package struct ExecRequest: Hashable, Sendable, Codable {
    /// Program and arguments; never empty.
    package var command: [String]
    /// `NAME=value` each; they override the container's.
    package var environment: [String] = []
    /// Name or number of a user of the image, with `:GROUP` perhaps; nil: the container's.
    package var user: String?
    /// Absolute; nil: the container's.
    package var workingDirectory: String?
    /// Whether it gets a terminal.
    package var hasTerminal = false
    /// Whether the caller sends input; else its stdin is empty.
    package var hasInput = false
    /// Whether it runs on without its caller, and its output is discarded.
    package var isDetached = false
    /// The terminal's size at the start.
    package var rows: UInt16 = 24
    package var columns: UInt16 = 80

    /// Every key of the coded form.
    package static let keys = KeyTree.object(of: CodingKeys.self)

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case command, environment, user, rows, columns
        case workingDirectory = "working_directory"
        case hasTerminal = "tty"
        case hasInput = "stdin"
        case isDetached = "detach"
    }

    package init(command: [String]) { self.command = command }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        command = try values.decode([String].self, forKey: .command)
        environment = try values.decodeIfPresent([String].self, forKey: .environment) ?? environment
        user = try values.decodeIfPresent(String.self, forKey: .user)
        workingDirectory = try values.decodeIfPresent(String.self, forKey: .workingDirectory)
        hasTerminal = try values.decodeIfPresent(Bool.self, forKey: .hasTerminal) ?? hasTerminal
        hasInput = try values.decodeIfPresent(Bool.self, forKey: .hasInput) ?? hasInput
        isDetached = try values.decodeIfPresent(Bool.self, forKey: .isDetached) ?? isDetached
        rows = try values.decodeIfPresent(UInt16.self, forKey: .rows) ?? rows
        columns = try values.decodeIfPresent(UInt16.self, forKey: .columns) ?? columns
    }

    /// Refuses what no process can be made of.
    ///
    /// - Throws: ``ModelError``.
    package func check() throws(ModelError) {
        guard let program = command.first, !program.isEmpty else {
            throw ModelError(field: "command", value: "", expected: "a program")
        }
        for word in command + environment where word.utf8.contains(0) {
            throw ModelError(field: "command", value: word, expected: "text without NUL")
        }
        for text in environment where text.first == "=" || !text.contains("=") {
            throw ModelError(field: "environment", value: text, expected: "NAME=value")
        }
        if let folder = workingDirectory, !folder.hasPrefix("/") || folder.utf8.contains(0) {
            throw ModelError(field: "working_directory", value: folder, expected: "an absolute path")
        }
    }
}
