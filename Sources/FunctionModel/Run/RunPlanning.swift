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
    /// Stdout, and stderr, of an answer that is one body, where the caller asks for no more: what a reader takes in,
    /// and little enough that a hundred runs at once have room.
    package static let outputDefault = ByteCount.mebibytes(1)
    /// The most that a caller may ask for there: both are in memory until the answer is sent, and JSON makes six bytes
    /// of some.
    package static let outputMax = ByteCount.mebibytes(8)
    /// A run is of one request, whose client waits for it: longer work is an asynchronous call of a function.
    package static let timeoutMax = TimeSpan.seconds(600)
    /// Of memory: a few such runs fill the machines that this is for.
    package static let memoryMax = ByteCount.mebibytes(1024)
    /// Of the writable layer, which is memory too.
    package static let diskMax = ByteCount.mebibytes(1024)
    /// Of processor time per wall time: more has no effect on the machines that this is for.
    package static let cpuMax = Millicores(count: 8000)
    /// Of processes: enough for a parallel build, and small beside the kernel's own limit.
    package static let pidsMax = 1024
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
    /// With the output's limit that counts, and without ``RunRequest/files``, whose bytes are in ``files``.
    package private(set) var request: RunRequest
    /// As the caller named it.
    package var image: String
    /// Nil for the image's own.
    package var command: [String]?
    /// Their paths may be relative to the working directory.
    package var files: [PlannedFile]

    /// - Parameters:
    ///   - request: as it came.
    ///   - isStreamed: whether the output is passed on as it comes; else it is in memory until the end.
    /// - Throws: ``RunMistake``.
    package init(_ request: RunRequest, isStreamed: Bool = false) throws(RunMistake) {
        self.request = request
        self.request.files = []
        do throws(ModelError) {
            self.request.limits.output = try Self.outputMax(request, isStreamed: isStreamed)
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

    private static func outputMax(_ request: RunRequest, isStreamed: Bool) throws(ModelError) -> ByteCount {
        if isStreamed { return request.outputMax ?? Limits().output }
        let max = request.outputMax ?? RunBounds.outputDefault
        guard max <= RunBounds.outputMax else {
            let expected = "at most \(RunBounds.outputMax), or an answer of events"
            throw ModelError(field: "limits.output", value: "\(max)", expected: expected)
        }
        return max
    }

    /// What one caller may take of the host.
    private static func checkCeilings(_ request: RunRequest) throws(ModelError) {
        func check<Value: Comparable>(_ field: String, _ value: Value, _ max: Value) throws(ModelError) {
            guard value <= max else {
                throw ModelError(field: field, value: "\(value)", expected: "at most \(max) for a run")
            }
        }
        try check("timeout", request.timeout, RunBounds.timeoutMax)
        try check("limits.memory", request.limits.memory, RunBounds.memoryMax)
        try check("limits.disk", request.limits.disk, RunBounds.diskMax)
        try check("limits.cpu", request.limits.cpu, RunBounds.cpuMax)
        try check("limits.pids", request.limits.pids, RunBounds.pidsMax)
    }

    private static func check(_ request: RunRequest) throws(ModelError) {
        try request.limits.validate()
        guard request.timeout.nanoseconds > 0 else {
            throw ModelError(field: "timeout", value: "\(request.timeout)", expected: "more than zero")
        }
        try checkCeilings(request)
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
