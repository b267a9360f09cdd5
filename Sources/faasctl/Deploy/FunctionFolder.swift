// SPDX-License-Identifier: Apache-2.0
// A function's folder: its function.yaml, or the defaults without one.

import Foundation
import FunctionModel
import ManifestReader

/// Reads a folder for `deploy`.
enum FunctionFolder {
    private static let manifestNames = ["function.yaml", "function.yml", "function.json"]

    /// Reads the manifest, or makes one of the folder's name and its Dockerfile.
    ///
    /// - Parameters:
    ///   - folder: its path.
    ///   - shown: its name in messages.
    ///   - name: replaces the manifest's and the folder's.
    /// - Returns: the function.
    /// - Throws: ``CommandFailure`` or ``ManifestError``.
    static func read(_ folder: URL, shown: String, name: String?) throws -> FunctionManifest {
        let what = "cannot deploy '\(shown)'"
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            throw CommandFailure(
                what,
                why: "no such file or directory",
                next: "to deploy an existing image write 'faasctl deploy NAME --image REF'"
            )
        }
        guard isFolder.boolValue else {
            throw CommandFailure(
                what,
                why: "it is not a folder",
                next: "to deploy an archive write 'faasctl deploy NAME --image \(shown)'"
            )
        }
        var manifest = try readManifest(folder, shown: shown, what: what)
        if let name { manifest.name = try parseName(name, what) }
        try manifest.addEnvironmentFiles(in: folder)
        if manifest.buildFolder != nil { try requireDockerfile(folder, manifest, what) }
        return manifest
    }

    private static func readManifest(_ folder: URL, shown: String, what: String) throws -> FunctionManifest {
        for name in manifestNames {
            let file = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            let prefix = shown.hasSuffix("/") ? shown : shown + "/"
            let text = try TextFile.read(file.path, for: what)
            return try FunctionManifest.read(text, file: shown == "." ? name : prefix + name)
        }
        let folderName = folder.standardizedFileURL.lastPathComponent.lowercased()
        var manifest = FunctionManifest(name: try parseName(folderName, what))
        manifest.buildFolder = "."
        return manifest
    }

    private static func parseName(_ text: String, _ what: String) throws(CommandFailure) -> FunctionName {
        do {
            return try FunctionName(local: text)
        } catch {
            throw CommandFailure(what, why: "\(error)", next: "give one with --name")
        }
    }

    /// Checked before the upload; the build itself looks for the Dockerfile of a flag.
    private static func requireDockerfile(_ folder: URL, _ manifest: FunctionManifest, _ what: String)
        throws(CommandFailure)
    {
        let context = BuildFolder.path(manifest.buildFolder ?? ".", in: folder)
        try BuildFolder.requireDockerfile(context, named: nil, what)
    }
}
