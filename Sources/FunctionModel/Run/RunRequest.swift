// SPDX-License-Identifier: Apache-2.0
// What a caller of POST /v1/run asks for. faasctl sends it, Gateway decodes it, Scheduler runs it.

/// A file that a run finds in its container.
package struct RunFile: Hashable, Sendable, Codable {
    /// Absolute, or relative to the working directory; missing folders are made.
    package var path: String
    package var content: String?
    /// In place of ``content``, for bytes that are not text.
    package var contentBase64: String?
    /// Its permissions in octal digits.
    package var mode: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case path, content
        case contentBase64 = "content_base64"
        case mode
    }

    package init(path: String, contentBase64: String, mode: String? = nil) {
        self.path = path
        self.contentBase64 = contentBase64
        self.mode = mode
    }
}

/// One command or piece of code in one fresh container, whose output is the answer.
package struct RunRequest: Hashable, Sendable, Codable {
    /// A reference, or a name from `run_images`; nil takes the image of the language's name.
    package var image: String?
    /// The whole command; nil keeps the image's own ENTRYPOINT and CMD.
    package var command: [String]?
    /// In place of ``command``: a program in ``language``.
    package var code: String?
    package var language: String?
    package var files: [RunFile] = []
    /// Nil: an empty input.
    package var input: String?
    package var environment: [String: String] = [:]
    /// As USER of an image; nil keeps the image's.
    package var user: String?
    /// Absolute; nil keeps the image's.
    package var workingDirectory: String?
    /// Wall time, then the stop signal.
    package var timeout = TimeSpan.seconds(60)
    package var limits = Limits()
    /// Of stdout, and of stderr, as the caller gave it; ``RunPlanning`` decides what nil means.
    package var outputMax: ByteCount?
    package var network = NetworkMode.none
    /// Files that are part of the answer.
    package var returnedFiles: [String] = []

    /// Every key of the coded form.
    package static let keys = KeyTree.object(of: CodingKeys.self) { key in
        switch key {
        case .files: .list(.object(of: RunFile.CodingKeys.self))
        case .environment: .map
        case .limits: .object(["memory", "cpu", "pids", "disk", "output"].map { KeyTree.Member($0) })
        default: .value
        }
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case image, command, code, language, files
        case input = "stdin"
        case environment = "env"
        case user
        case workingDirectory = "workdir"
        case timeout, limits, network
        case returnedFiles = "return_files"
    }

    package init() {}

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        image = try values.decodeIfPresent(String.self, forKey: .image)
        command = try values.decodeIfPresent([String].self, forKey: .command)
        code = try values.decodeIfPresent(String.self, forKey: .code)
        language = try values.decodeIfPresent(String.self, forKey: .language)
        files = try values.decodeIfPresent([RunFile].self, forKey: .files) ?? files
        input = try values.decodeIfPresent(String.self, forKey: .input)
        environment = try values.decodeIfPresent([String: String].self, forKey: .environment) ?? environment
        user = try values.decodeIfPresent(String.self, forKey: .user)
        workingDirectory = try values.decodeIfPresent(String.self, forKey: .workingDirectory)
        timeout = try values.decodeIfPresent(TimeSpan.self, forKey: .timeout) ?? timeout
        if let given = try values.decodeIfPresent(Limits.self, forKey: .limits) {
            limits = given
            let texts = try values.nestedContainer(keyedBy: Limits.CodingKeys.self, forKey: .limits)
            outputMax = try texts.decodeIfPresent(ByteCount.self, forKey: .output)
        }
        network = try values.decodeIfPresent(NetworkMode.self, forKey: .network) ?? network
        returnedFiles = try values.decodeIfPresent([String].self, forKey: .returnedFiles) ?? returnedFiles
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(image, forKey: .image)
        try values.encodeIfPresent(command, forKey: .command)
        try values.encodeIfPresent(code, forKey: .code)
        try values.encodeIfPresent(language, forKey: .language)
        if !files.isEmpty { try values.encode(files, forKey: .files) }
        try values.encodeIfPresent(input, forKey: .input)
        if !environment.isEmpty { try values.encode(environment, forKey: .environment) }
        try values.encodeIfPresent(user, forKey: .user)
        try values.encodeIfPresent(workingDirectory, forKey: .workingDirectory)
        try values.encode(timeout, forKey: .timeout)
        var bounds = values.nestedContainer(keyedBy: Limits.CodingKeys.self, forKey: .limits)
        try bounds.encode(limits.memory, forKey: .memory)
        try bounds.encode(limits.cpu, forKey: .cpu)
        try bounds.encode(limits.pids, forKey: .pids)
        try bounds.encode(limits.disk, forKey: .disk)
        try bounds.encodeIfPresent(outputMax, forKey: .output)
        try values.encode(network, forKey: .network)
        if !returnedFiles.isEmpty { try values.encode(returnedFiles, forKey: .returnedFiles) }
    }
}
