// SPDX-License-Identifier: Apache-2.0
// `faasctl image import`: makes an image of a root file system, without a registry and without a Dockerfile.

import ArgumentParser
import ClientFiles
import Foundation
import GatewayAPI

struct ImageImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make an image of a root file system: a folder, or a tar of one.",
        discussion: """
            For example of what debootstrap made: 'debootstrap stable root', then \
            'faasctl image import root debian:stable'. Device nodes and sockets are left out. Run it as root for files \
            to keep their owners; otherwise all belong to root. The image has no command unless --change gives one.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The folder or tar; - reads standard input.", valueName: "dir|tar"))
    var source: String

    @Argument(help: "The image's name.")
    var reference: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A Dockerfile instruction: CMD, ENV, USER and the like.", valueName: "instruction")
    )
    var change: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Recorded in the image's history.", valueName: "text"))
    var message: String?

    func run() async throws {
        let what = "cannot import '\(source)'"
        let client = try global.client()
        var request = GatewayRequest("POST", APIPath.imageImports)
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        request.query = [("reference", reference)] + change.map { ("change", $0) }
        if let message { request.query.append(("message", message)) }
        var skipped = 0
        let body: Data
        if let upload = try content(of: &request, client, what) {
            let sent = request
            let answer = try await upload.carry(what) { () async throws(CommandFailure) in
                try await client.exchange(sent)
            }
            guard answer.head.isSuccess else { throw client.failure(answer, what) }
            (body, skipped) = (answer.body, upload.skipped)
        } else {
            body = try await client.require(request, what)
        }
        let answer = try GatewayClient.decode(ImageBody.Imported.self, from: body, what)
        skipped += answer.skippedEntries
        if skipped > 0 {
            global.remark(
                "left out \(skipped) device nodes or sockets, which containers get from the gateway"
            )
        }
        try global.emit(json: body) {
            global.quiet ? "\(answer.digest)\n" : "imported \(answer.reference) \(answer.digest)\n"
        }
    }

    /// Sets the request's body.
    ///
    /// - Returns: the upload of a folder; nil for an archive.
    private func content(
        of request: inout GatewayRequest,
        _ client: GatewayClient,
        _ what: String
    ) throws(CommandFailure) -> FolderUpload? {
        let type = MediaName.tar
        if source == "-" {
            request.content = .stream(0, type: type)
            return nil
        }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), isFolder.boolValue {
            let upload = try FolderUpload(what) { () throws(ClientFileError) in
                try PackedFolder(root: source, isCompressed: client.compresses)
            }
            request.content = upload.content
            return upload
        }
        guard access(source, R_OK) == 0 else {
            throw CommandFailure(what, why: "'\(source)': \(systemMessage(errno))")
        }
        request.content = .file(path: source, type: type)
        return nil
    }
}
