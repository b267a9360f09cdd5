// SPDX-License-Identifier: Apache-2.0
// The options of `faasctl run --code`, and the request that they make. RunCommand has them.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct RunOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Run this code instead of an image's command; - is standard input.",
            valueName: "file"
        )
    )
    var code: String?

    @Option(help: ArgumentHelp("Language of --code; IMAGE may be left out then.", valueName: "name"))
    var language: String?

    @Option(
        name: .customLong("file"),
        help: ArgumentHelp(
            "With --code: a file of this machine for the container; repeatable.",
            valueName: "host:path"
        )
    )
    var files: [String] = []

    @Option(help: ArgumentHelp("With --code: time limit, 60s by default.", valueName: "span"))
    var timeout: String?

    /// The options that have an effect with --code only; the first that was given.
    var strayOption: String? {
        if language != nil { return "--language" }
        if !files.isEmpty { return "--file" }
        return timeout != nil ? "--timeout" : nil
    }

    /// The request without the parts that other options decide.
    ///
    /// - Parameter memory: the memory limit, 128Mi by default.
    /// - Returns: the request.
    /// - Throws: ``CommandFailure`` when a file cannot be read.
    func request(memory: String?) throws -> RunRequest {
        var request = RunRequest()
        request.code = try code.map(Self.text)
        request.language = language
        request.files = try files.map(Self.file)
        if let timeout { request.timeout = try TimeSpan(timeout, field: "--timeout") }
        if let memory { request.limits.memory = try DockerSize.bytes(memory, field: "--memory") }
        return request
    }

    private static func text(_ name: String) throws -> String {
        let bytes = try name == "-" ? FileHandle.standardInput.readToEnd() ?? Data() : read(name)
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw CommandFailure("cannot run the code", why: "'\(name)' is not UTF-8")
        }
        return text
    }

    /// Checks what the options alone show to be wrong.
    func check(memory: String?) throws {
        for text in files { _ = try Self.parts(text) }
        do throws(ModelError) {
            if let timeout { _ = try TimeSpan(timeout, field: "--timeout") }
            if let memory { _ = try DockerSize.bytes(memory, field: "--memory") }
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private static func parts(_ text: String) throws -> (host: String, path: String) {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex, text.last != ":" else {
            throw ValidationError("--file: '\(text)' is not valid, expected HOST:PATH")
        }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    private static func file(_ text: String) throws -> RunFile {
        let (name, path) = try parts(text)
        let isExecutable = FileManager.default.isExecutableFile(atPath: name)
        return RunFile(
            path: path,
            contentBase64: try read(name).base64EncodedString(),
            mode: isExecutable ? "755" : "644"
        )
    }

    private static func read(_ name: String) throws -> Data {
        do { return try Data(contentsOf: URL(fileURLWithPath: name)) } catch {
            throw CommandFailure(
                "cannot run the code",
                why: "'\(name)' cannot be read: \(error.localizedDescription)"
            )
        }
    }
}
