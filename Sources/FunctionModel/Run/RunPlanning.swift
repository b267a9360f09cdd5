// SPDX-License-Identifier: Apache-2.0
// Checks a run's request, and makes of it what needs no further decision. Pure; Scheduler asks before it does
// anything.

package import FoundationEssentials

/// Bounds of one run: what one JSON body carries, and what the memory of a gateway bears at every request.
package enum RunBounds {
    /// A whole request: ``filesBytesMax`` in base64, and the rest.
    package static let bodyBytesMax = 24 << 20
    /// Code is an argument of its interpreter, and all arguments of a process fit into 120 KiB.
    package static let codeBytesMax = 64 << 10
    /// Files into the container: each costs a few system calls before the program starts.
    package static let filesMax = 64
    /// Bytes of all files into the container.
    package static let filesBytesMax = 16 << 20
    /// Files of the answer.
    package static let returnedFilesMax = 64
    /// Bytes of all files of the answer.
    package static let returnedBytesMax = 16 << 20
    /// Bytes of stdout, and of stderr, of an answer that is not streamed: both are in memory until it is sent.
    package static let outputBytesMax = 16 << 20
    /// The kernel's own bound is 4096; the room of a message to a slot is 1024 with its end.
    package static let pathBytesMax = 1023
}

/// Why a request cannot be run.
package enum RunMistake: Error, Hashable, Sendable {
    case invalid(ModelError)
    /// More than a bound of ``RunBounds``.
    case tooLarge(field: String, bytes: Int, max: Int)
}

/// A file as it is written into the container.
package struct PlannedFile: Hashable, Sendable {
    package var path: String
    package var bytes: Data
    package var mode: UInt32
}

/// A request that was checked.
package struct RunPlanning: Hashable, Sendable {
    /// As the caller named it.
    package var image: String
    /// Nil for the image's own.
    package var command: [String]?
    /// Their paths may be relative to the working directory.
    package var files: [PlannedFile]

    /// - Throws: ``RunMistake``.
    package init(_ request: RunRequest) throws(RunMistake) {
        do throws(ModelError) {
            command = try Self.command(request)
            image = try Self.image(request)
            try Self.check(request)
        } catch {
            throw .invalid(error)
        }
        if let code = request.code, code.utf8.count > RunBounds.codeBytesMax {
            throw .tooLarge(field: "code", bytes: code.utf8.count, max: RunBounds.codeBytesMax)
        }
        files = []
        var total = 0
        for (index, file) in request.files.enumerated() {
            let planned: PlannedFile
            do throws(ModelError) { planned = try Self.file(file, "files[\(index)]") } catch {
                throw .invalid(error)
            }
            total += planned.bytes.count
            guard total <= RunBounds.filesBytesMax else {
                throw .tooLarge(field: "files", bytes: total, max: RunBounds.filesBytesMax)
            }
            files.append(planned)
        }
    }

    private static func command(_ request: RunRequest) throws(ModelError) -> [String]? {
        if let code = request.code {
            guard request.command == nil else {
                throw ModelError(
                    field: "code",
                    value: "…",
                    expected: "none beside 'command': give one of them"
                )
            }
            let names = RunLanguage.allCases.map(\.rawValue).joined(separator: ", ")
            guard let language = request.language.flatMap(RunLanguage.init) else {
                throw ModelError(
                    field: "language",
                    value: request.language ?? "",
                    expected: "one of \(names), for 'code'"
                )
            }
            guard !code.utf8.contains(0) else {
                throw ModelError(field: "code", value: "…", expected: "a text without NUL")
            }
            return language.command(running: code)
        }
        if let language = request.language {
            throw ModelError(field: "language", value: language, expected: "none without 'code'")
        }
        guard let command = request.command else { return nil }
        guard let first = command.first, !first.isEmpty, !command.contains(where: { $0.utf8.contains(0) })
        else {
            let expected = "a program and its arguments, without NUL"
            throw ModelError(field: "command", value: command.first ?? "", expected: expected)
        }
        return command
    }

    private static func image(_ request: RunRequest) throws(ModelError) -> String {
        guard let image = request.image ?? request.language, !image.isEmpty else {
            let expected = "an image's reference, or a name of 'run_images'"
            throw ModelError(field: "image", value: request.image ?? "", expected: expected)
        }
        return image
    }

    private static func check(_ request: RunRequest) throws(ModelError) {
        try request.limits.validate()
        guard request.timeout.nanoseconds > 0 else {
            throw ModelError(field: "timeout", value: "\(request.timeout)", expected: "more than zero")
        }
        for (name, value) in request.environment.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, !name.contains("="), !name.utf8.contains(0), !value.utf8.contains(0) else {
                throw ModelError(field: "env", value: name, expected: "a name without '=', and no NUL")
            }
        }
        if let folder = request.workingDirectory {
            guard folder.hasPrefix("/") else {
                throw ModelError(field: "workdir", value: folder, expected: "an absolute path")
            }
            try checkPath(folder, "workdir")
        }
        guard request.files.count <= RunBounds.filesMax else {
            let expected = "at most \(RunBounds.filesMax) files"
            throw ModelError(field: "files", value: "\(request.files.count) files", expected: expected)
        }
        guard request.returnedFiles.count <= RunBounds.returnedFilesMax else {
            let expected = "at most \(RunBounds.returnedFilesMax) paths"
            let value = "\(request.returnedFiles.count) paths"
            throw ModelError(field: "return_files", value: value, expected: expected)
        }
        for path in request.returnedFiles { try checkFile(path, "return_files") }
    }

    private static func file(_ file: RunFile, _ field: String) throws(ModelError) -> PlannedFile {
        try checkFile(file.path, field + ".path")
        let text = file.mode ?? "644"
        guard let mode = UInt32(text, radix: 8), mode <= 0o777, text.utf8.allSatisfy({ $0 != 43 }) else {
            throw ModelError(field: field + ".mode", value: text, expected: "octal digits up to 777")
        }
        switch (file.content, file.contentBase64) {
        case (let content?, nil):
            return PlannedFile(path: file.path, bytes: Data(content.utf8), mode: mode)
        case (nil, let encoded?):
            guard let bytes = Data(base64Encoded: encoded) else {
                throw ModelError(field: field + ".content_base64", value: "…", expected: "base64")
            }
            return PlannedFile(path: file.path, bytes: bytes, mode: mode)
        case (nil, nil), (_?, _?):
            let expected = "one of 'content' and 'content_base64'"
            throw ModelError(field: field, value: file.path, expected: expected)
        }
    }

    /// A file's path ends in a name.
    private static func checkFile(_ path: String, _ field: String) throws(ModelError) {
        guard !path.isEmpty, !path.hasSuffix("/") else {
            throw ModelError(field: field, value: path, expected: "the path of a file")
        }
        try checkPath(path, field)
    }

    private static func checkPath(_ path: String, _ field: String) throws(ModelError) {
        let parts = path.split(separator: "/")
        guard path.utf8.count <= RunBounds.pathBytesMax, !path.utf8.contains(0), !parts.contains(".."),
            !parts.contains("."), !path.contains("//")
        else {
            let expected =
                "a path of at most \(RunBounds.pathBytesMax) bytes, without '.', '..', '//' and NUL"
            throw ModelError(field: field, value: String(path.prefix(80)), expected: expected)
        }
    }
}
