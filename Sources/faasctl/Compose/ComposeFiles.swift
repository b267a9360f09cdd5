// SPDX-License-Identifier: Apache-2.0
// Finds and reads the files of a project, with the variables around them.

import Compose
import Foundation
import ManifestReader

/// A project's files as the command line and the environment choose them.
struct ComposeFiles {
    /// Names for messages and texts.
    var files: [(file: String, text: String)]
    /// The absolute paths of the files; none for standard input.
    var paths: [String]
    var folder: String
    var environment: [String: String]

    private static let names = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"]
    private static let what = "cannot read the project"

    /// Reads everything.
    ///
    /// - Parameters:
    ///   - options: of the command line.
    ///   - short: options before the subcommand.
    ///   - shell: this process's environment.
    ///   - current: this process's folder.
    /// - Returns: the files' texts and the environment.
    /// - Throws: ``CommandFailure`` when a file is missing, ``ManifestError`` for a mistake in an environment file.
    static func find(
        _ options: ComposeOptions,
        short: ShortComposeOptions? = nil,
        shell: [String: String] = ProcessInfo.processInfo.environment,
        current: String = FileManager.default.currentDirectoryPath
    ) throws -> ComposeFiles {
        // COMPOSE_FILE may be in the environment file of this folder.
        let given = options.file + (short?.shortFile ?? [])
        let early = try environment(
            options.envFile,
            folder: options.projectDirectory ?? current,
            current: current,
            shell: shell
        )
        let chosen = given.isEmpty ? files(of: early) : given
        let names =
            chosen.isEmpty ? try search(from: options.projectDirectory ?? current, current: current) : chosen
        let paths = names.filter { $0 != "-" }.map { absolute($0, in: current) }
        let firstFolder = paths.first.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        let folder = absolute(options.projectDirectory ?? firstFolder ?? current, in: current)
        let environment =
            folder == absolute(options.projectDirectory ?? current, in: current)
            ? early : try environment(options.envFile, folder: folder, current: current, shell: shell)
        var files: [(file: String, text: String)] = []
        for name in names {
            files.append((name == "-" ? "standard input" : name, try text(of: name, current: current)))
        }
        return ComposeFiles(files: files, paths: paths, folder: folder, environment: environment)
    }

    /// The project of the files.
    ///
    /// - Parameters:
    ///   - options: of the command line.
    ///   - short: options before the subcommand.
    ///   - chosen: services of the command line.
    /// - Returns: the project.
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    func project(_ options: ComposeOptions, short: ShortComposeOptions?, chosen: [String]) throws
        -> ComposeProject
    {
        let sources = ComposeSources(environment: environment, folder: folder, home: environment["HOME"]) {
            path in
            Self.content(of: path)
        }
        var loader = ComposeLoader(sources: sources)
        loader.name = options.projectName ?? short?.shortName ?? environment["COMPOSE_PROJECT_NAME"]
        let profiles = (environment["COMPOSE_PROFILES"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        loader.profiles = Set(options.profile.isEmpty ? profiles : options.profile)
        loader.chosen = chosen
        return try loader.load(files)
    }

    /// Files of `COMPOSE_FILE`, separated by `COMPOSE_PATH_SEPARATOR` or a colon.
    private static func files(of environment: [String: String]) -> [String] {
        let separator = environment["COMPOSE_PATH_SEPARATOR"].flatMap { $0.isEmpty ? nil : $0 } ?? ":"
        return (environment["COMPOSE_FILE"] ?? "").components(separatedBy: separator).filter { !$0.isEmpty }
    }

    /// The file of a folder or of the nearest one above it, and its override file.
    private static func search(from folder: String, current: String) throws(CommandFailure) -> [String] {
        var url = URL(fileURLWithPath: absolute(folder, in: current))
        while true {
            for name in names where exists(url.appendingPathComponent(name)) {
                let base = url.appendingPathComponent(name)
                let extra = base.deletingPathExtension().lastPathComponent + ".override."
                let override = ["yaml", "yml"].map { url.appendingPathComponent(extra + $0) }.first(
                    where: exists
                )
                return ([base] + (override.map { [$0] } ?? [])).map { shown($0.path, current: current) }
            }
            guard url.path != "/" else { break }
            url.deleteLastPathComponent()
        }
        throw CommandFailure(
            what,
            why: "there is no compose.yaml in '\(folder)' or a folder above it",
            next: "name a file with -f"
        )
    }

    private static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }

    /// A path relative to this process's folder, when it is below that.
    private static func shown(_ path: String, current: String) -> String {
        let prefix = current.hasSuffix("/") ? current : current + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }

    private static func absolute(_ path: String, in folder: String) -> String {
        URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: folder, isDirectory: true))
            .standardizedFileURL.path
    }

    private static func text(of name: String, current: String) throws(CommandFailure) -> String {
        guard name == "-" else {
            return try TextFile.read(absolute(name, in: current), for: "cannot read '\(name)'")
        }
        let bytes: Data
        do {
            bytes = try FileHandle.standardInput.read(upToCount: ManifestSource.bytesMax + 1) ?? Data()
        } catch {
            throw CommandFailure("cannot read standard input", why: error.localizedDescription)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure("cannot read standard input", why: "it is not UTF-8 text")
        }
        return text
    }

    /// Variables of files under those of the shell.
    private static func environment(
        _ files: [String],
        folder: String,
        current: String,
        shell: [String: String]
    ) throws -> [String: String] {
        var values: [String: String] = [:]
        let own = absolute(folder, in: current) + "/.env"
        let paths =
            files.isEmpty
            ? (FileManager.default.fileExists(atPath: own) ? [own] : [])
            : files.map { absolute($0, in: current) }
        for (path, name) in zip(paths, files.isEmpty ? [".env"] : files) {
            let text = try TextFile.read(path, for: "cannot read '\(name)'")
            let known = values.merging(shell) { _, own in own }
            values.merge(try VariableFile(text, file: name, environment: known).values(in: known)) {
                _,
                later in later
            }
        }
        return values.merging(shell) { _, own in own }
    }

    private static func content(of path: String) -> ComposeFileText {
        guard FileManager.default.fileExists(atPath: path) else { return .missing }
        do throws(CommandFailure) { return .text(try TextFile.read(path, for: path)) } catch {
            return .unreadable(error.why)
        }
    }
}
