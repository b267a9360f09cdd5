// SPDX-License-Identifier: Apache-2.0
// Typed errors of the builder; text is made here once.

package import ImageStore

/// Why an image could not be built.
package enum BuildError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The context is no folder, or cannot be read.
    case noContext(path: String, reason: String)
    case noDockerfile(path: String)
    /// The Dockerfile or .dockerignore cannot be read.
    case unreadable(path: String, reason: String)
    /// The Dockerfile violates the Dockerfile syntax.
    case syntax(DockerfileError)
    /// `target` names no stage.
    case unknownTarget(String, stages: [String])
    /// A build argument or another part of the request is not valid.
    case request(field: String, value: String, expected: String)
    /// An instruction failed.
    case step(DockerfileLocation, instruction: String, StepFailure)
    /// The finished image could not be stored.
    case store(ImageError)
    case cancelled

    package var description: String {
        switch self {
        case .noContext(let path, let reason): "build context '\(path)': \(reason)"
        case .noDockerfile(let path): "no Dockerfile at '\(path)'; name another with -f"
        case .unreadable(let path, let reason): "'\(path)' cannot be read: \(reason)"
        case .syntax(let error): error.description
        case .unknownTarget(let name, let stages):
            "target '\(name)' is not a stage of the Dockerfile; stages: \(stages.joined(separator: ", "))"
                + nearestHint(name, among: stages)
        case .request(let field, let value, let expected):
            "\(field): '\(value)' is not valid, expected \(expected)"
        case .step(let location, let instruction, let failure): "\(location): \(instruction): \(failure)"
        case .store(let error): error.description
        case .cancelled: "the build was cancelled"
        }
    }
}

/// Why one instruction failed.
package enum StepFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// An argument is invalid after its variables are expanded.
    case argument(text: String, expected: String)
    /// No file of the context, stage or image matches.
    case noSource(String, place: String)
    /// The file is there, but .dockerignore excludes it.
    case ignoredSource(String)
    /// There is a file where a folder is needed.
    case destinationOccupied(String)
    /// There is a folder where a file is to be written.
    case destinationIsFolder(String)
    case unknownStage(String)
    /// The stage's /etc/passwd or /etc/group has no entry for the name in `--chown` or USER.
    case unknownOwner(String)
    /// A file is of a kind that no layer can hold, or is hostile.
    case unsupportedFile(path: String, reason: String)
    /// Reading, writing or listing failed.
    case file(call: String, path: String, reason: String)
    case archive(path: String, reason: String)
    case download(url: String, reason: String)
    case checksum(url: String, expected: String, actual: String)
    case limit(what: String, limit: Int)
    /// The command of a RUN exited with another code than 0.
    case exit(command: String, code: Int32)
    /// The command of a RUN died by a signal, or was killed for using too much memory.
    case killed(command: String, signal: Int32, outOfMemory: Bool)
    /// The command of a RUN could not be started.
    case notStarted(command: String, reason: String)
    /// This gateway cannot execute the instruction.
    case unavailable(String)
    case image(ImageError)
    /// A base image could not be pulled.
    case pull(reason: String)
    case cancelled

    package var description: String {
        switch self {
        case .argument(let text, let expected): "'\(text)': expected \(expected)"
        case .noSource(let path, let place): "'\(path)' matches no file in \(place)"
        case .ignoredSource(let path): "'\(path)' is excluded by .dockerignore"
        case .destinationOccupied(let path): "'\(path)' in the image is not a folder"
        case .destinationIsFolder(let path): "'\(path)' in the image is a folder"
        case .unknownStage(let name): "no earlier stage and no image is named '\(name)'"
        case .unknownOwner(let name):
            "'\(name)' is not in /etc/passwd or /etc/group of the stage; use numbers"
        case .unsupportedFile(let path, let reason): "'\(path)': \(reason)"
        case .file(let call, let path, let reason): "\(call) '\(path)': \(reason)"
        case .archive(let path, let reason): "archive '\(path)': \(reason)"
        case .download(let url, let reason): "\(url): \(reason)"
        case .checksum(let url, let expected, let actual): "\(url) has digest \(actual), expected \(expected)"
        case .limit(let what, let limit): "\(what) exceeds the limit of \(limit)"
        case .exit(let command, let code): "'\(command)' exited with code \(code)"
        case .killed(let command, let signal, let outOfMemory):
            "'\(command)' was killed by signal \(signal)"
                + (outOfMemory ? " because it used too much memory" : "")
        case .notStarted(let command, let reason): "'\(command)' could not be started: \(reason)"
        case .unavailable(let what): "\(what) is not available on this gateway"
        case .image(let error): error.description
        case .pull(let reason): reason
        case .cancelled: "the build was cancelled"
        }
    }
}

extension StepFailure {
    /// Converts an error of reading a tree; a failed system call has the file's path already.
    init(reading error: ImageError) {
        guard case .system(let call, let path, let number) = error else {
            self = .image(error)
            return
        }
        self = .file(call: call, path: path, reason: SystemCall.message(number))
    }

    /// A failed system call on a file of the build.
    static func failedCall(_ call: String, _ path: String, _ number: Int32) -> StepFailure {
        .file(call: call, path: path.isEmpty ? "/" : path, reason: SystemCall.message(number))
    }
}
