// SPDX-License-Identifier: Apache-2.0
// The folder that a deploy or build sends: its path, and the checks before the upload.

import Foundation

/// Checks of a build context on the client's side.
enum BuildFolder {
    /// Resolves a path of a manifest or a flag, which is absolute or relative to a folder.
    static func path(_ text: String, in folder: URL) -> URL {
        if text.hasPrefix("/") { return URL(fileURLWithPath: text) }
        return folder.appendingPathComponent(text).standardizedFileURL
    }

    /// A Dockerfile's path relative to the context, which is all that the gateway has.
    ///
    /// - Throws: ``CommandFailure`` when it is outside the context.
    static func relative(_ name: String, to context: URL, _ what: String) throws(CommandFailure) -> String {
        guard name.hasPrefix("/") else { return name }
        let folder = context.standardizedFileURL.path + "/"
        let file = URL(fileURLWithPath: name).standardizedFileURL.path
        guard file.hasPrefix(folder) else {
            throw CommandFailure(
                what,
                why: "'\(name)' is not in '\(context.path)'",
                next: "a Dockerfile has to be in the folder that is built"
            )
        }
        return String(file.dropFirst(folder.count))
    }

    /// Reports a missing Dockerfile before the upload.
    ///
    /// - Throws: ``CommandFailure``.
    static func requireDockerfile(_ context: URL, named name: String?, _ what: String) throws(CommandFailure)
    {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: context.path, isDirectory: &isFolder)
        guard exists, isFolder.boolValue else {
            throw CommandFailure(what, why: "there is no folder '\(context.path)'")
        }
        let file = BuildFolder.path(name ?? "Dockerfile", in: context)
        guard !FileManager.default.fileExists(atPath: file.path) else { return }
        throw CommandFailure(
            what,
            why: "there is no \(name ?? "Dockerfile") in '\(context.path)'",
            next: name == nil ? "add one, name another with -f, or deploy an image with --image" : ""
        )
    }
}
