// SPDX-License-Identifier: Apache-2.0
// `faasctl new NAME --template T`: a folder that deploys at once.

import ArgumentParser
import Foundation
import FunctionModel

struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write the folder of a new function, which deploys at once.",
        discussion: """
            The folder is called NAME and lies in the current one. Its Dockerfile names a public base image, which the \
            gateway pulls in the first deploy; the folder's README says which, and how a gateway without a registry \
            gets it. Files that exist are never replaced.
            """
    )

    @Flag(name: .shortAndLong, help: "Print no remarks.")
    var quiet = false

    @Argument(help: "The function, and its folder.", transform: NameArgument.function)
    var name: String

    @Option(
        help: ArgumentHelp(
            "One of \(FunctionTemplate.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "template"
        )
    )
    var template: FunctionTemplate

    func validate() throws {
        guard (try? FunctionName(name))?.text == name else {
            throw ValidationError("'\(name)' names a namespace; write the function's name alone")
        }
    }

    func run() throws {
        let files = template.files(for: try FunctionName(name))
        try FolderWriter(folder: name).write(files)
        if !quiet {
            let images = template.images.joined(separator: ", ")
            Terminal.error.remark("wrote \(files.count) files into \(name); its base image: \(images)")
            Terminal.error.remark("next: faasctl deploy \(name)")
        }
    }
}

/// Writes a folder of new files, or nothing.
struct FolderWriter {
    let folder: String

    /// - Throws: ``CommandFailure``, also when one of the files exists; none is left then.
    func write(_ files: [TemplateFile]) throws(CommandFailure) {
        let what = "cannot write the folder '\(folder)'"
        if let taken = files.first(where: { Self.exists(path($0)) }) {
            throw CommandFailure(
                what,
                why: "'\(path(taken))' exists",
                next: "remove it, or choose another name"
            )
        }
        let isNew = !Self.exists(folder)
        var written: [String] = []
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in files {
                // Exclusive: what another program makes in this moment is not replaced either.
                try Data(file.text.utf8).write(
                    to: URL(fileURLWithPath: path(file)),
                    options: .withoutOverwriting
                )
                written.append(path(file))
                let mode = file.isExecutable ? 0o755 : 0o644
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(file))
            }
        } catch {
            // Best effort: the message below names the first failure.
            for path in isNew ? [folder] : written { try? FileManager.default.removeItem(atPath: path) }
            throw CommandFailure(what, why: error.localizedDescription)
        }
    }

    private func path(_ file: TemplateFile) -> String { folder + "/" + file.path }

    /// A dangling link exists too.
    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}
