// SPDX-License-Identifier: Apache-2.0
// The forms of `--image`: a reference, an archive, an OCI layout folder. Files are sent to the gateway first.

import ClientFiles
import Foundation
import FunctionModel
import GatewayAPI

/// The source of an image.
enum ImageSource: Hashable {
    case reference(String)
    case archive(URL)
    case layout(URL)

    /// A file or folder if it exists, else a reference.
    static func find(_ text: String) -> ImageSource {
        let url = URL(fileURLWithPath: text)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            return .reference(text)
        }
        guard isFolder.boolValue else { return .archive(url) }
        let marker = url.appendingPathComponent("oci-layout").path
        return FileManager.default.fileExists(atPath: marker) ? .layout(url) : .reference(text)
    }

    /// The reason why a text that must be a file or folder is none; nil when it may be a reference.
    static func absence(_ text: String) -> String? {
        let url = URL(fileURLWithPath: text)
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        let isPath = ["/", "./", "../", "~"].contains { text.hasPrefix($0) }
        if isThere {
            return isPath && isFolder.boolValue && find(text) == .reference(text)
                ? "the folder '\(text)' is no OCI layout: it has no file 'oci-layout'" : nil
        }
        let isArchive = archiveEndings.contains { text.lowercased().hasSuffix($0) }
        return isPath || isArchive ? "there is no file '\(text)'" : nil
    }

    private static let archiveEndings = [".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.xz", ".oci"]

    /// The reference to deploy; loads an archive or folder first.
    ///
    /// - Parameters:
    ///   - client: of the gateway.
    ///   - what: begins the message when it fails.
    /// - Returns: a reference or digest in the gateway's store.
    /// - Throws: ``CommandFailure``.
    func reference(_ client: GatewayClient, what: String) async throws(CommandFailure) -> String {
        if case .reference(let text) = self { return text }
        let loaded = try await load(client, what: what)
        guard let image = loaded.first else {
            throw CommandFailure(what, why: "the archive holds no image for this machine")
        }
        guard loaded.count == 1 else {
            let names = loaded.map { $0.reference ?? $0.digest.description }.joined(separator: ", ")
            throw CommandFailure(
                what,
                why: "the archive holds several images: \(names)",
                next: "load it with 'faasctl image load -i' and deploy one of the names"
            )
        }
        return image.reference ?? image.digest.description
    }

    /// The repository for tags without one in the archive: the file's name.
    var repository: String? {
        let url: URL
        switch self {
        case .reference: return nil
        case .archive(let file): url = file
        case .layout(let folder): url = folder
        }
        var name = url.standardizedFileURL.lastPathComponent.lowercased()
        for ending in [".gz", ".zst", ".xz", ".tgz", ".tar", ".oci"] where name.hasSuffix(ending) {
            name.removeLast(ending.count)
        }
        // Characters that are invalid in a repository become separators; leading, trailing and repeated ones are
        // dropped.
        let parts = name.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return parts.isEmpty ? nil : parts.joined(separator: "-")
    }

    /// Describes a file that is neither an archive nor a layout.
    private static func noSource(_ text: String, _ what: String) -> CommandFailure {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: text, isDirectory: &isFolder), isFolder.boolValue else {
            return CommandFailure(what, why: "there is no archive or OCI layout folder '\(text)'")
        }
        return CommandFailure(
            what,
            why: "'\(text)' is a folder without the file 'oci-layout', so no OCI layout",
            next: "if it holds a root file system: faasctl image import '\(text)' NAME"
        )
    }

    /// Sends the archive to the gateway.
    func load(_ client: GatewayClient, what: String) async throws(CommandFailure) -> [ImageBody.Loaded] {
        try GatewayClient.decode([ImageBody.Loaded].self, from: try await loadJSON(client, what: what), what)
    }

    /// The result in the form of the gateway's JSON.
    func loadJSON(_ client: GatewayClient, what: String) async throws(CommandFailure) -> Data {
        var request = GatewayRequest("POST", APIPath.images)
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        if let repository { request.query = [("repository", repository)] }
        switch self {
        case .reference(let text):
            throw Self.noSource(text, what)
        case .archive(let file):
            guard access(file.path, R_OK) == 0 else {
                throw CommandFailure(what, why: "'\(file.relativePath)': \(systemMessage(errno))")
            }
            request.content = .file(path: file.path, type: MediaName.tar)
            return try await client.require(request, what)
        case .layout(let folder):
            let upload = try FolderUpload(what) { () throws(ClientFileError) in
                try PackedFolder(folder.path, isCompressed: client.compresses)
            }
            request.content = upload.content
            let sent = request
            return try await upload.carry(what) { () async throws(CommandFailure) in
                try await client.require(sent, what)
            }
        }
    }
}
