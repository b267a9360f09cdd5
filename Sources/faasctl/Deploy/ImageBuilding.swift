// SPDX-License-Identifier: Apache-2.0
// A build through the gateway: sends the context while it is read, receives progress line by line.

import ClientFiles
import Foundation
import FunctionModel
import GatewayAPI

/// Builds images on the gateway's side.
struct ImageBuilding {
    let client: GatewayClient
    let global: GlobalOptions

    /// Builds a folder.
    ///
    /// - Parameters:
    ///   - context: the folder.
    ///   - settings: of the build.
    /// - Returns: the digest of the image.
    /// - Throws: ``CommandFailure`` with the builder's own message.
    func build(_ context: URL, _ settings: BuildSettings) async throws(CommandFailure) -> Digest {
        let what = "cannot build '\(context.path)'"
        try BuildFolder.requireDockerfile(context, named: settings.dockerfile, what)
        var settings = settings
        settings.dockerfile = try settings.dockerfile.map { name throws(CommandFailure) in
            try BuildFolder.relative(name, to: context, what)
        }
        var request = GatewayRequest("POST", APIPath.builds)
        request.query = Self.query(settings)
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        try await client.addCredentials(for: Self.images(context, settings), to: &request, global, what)
        let dockerfile = settings.dockerfile
        let upload = try FolderUpload(what) { () throws(ClientFileError) in
            try PackedFolder(context: context.path, dockerfile: dockerfile, isCompressed: client.compresses)
        }
        request.content = upload.content
        var splitter = ResponseLineSplitter()
        var progress = BuildProgress(isQuiet: global.quiet)
        var refusal = Data()
        let head = try await upload.carry(what) { () async throws(CommandFailure) in
            try await client.stream(request) { head, bytes throws(CommandFailure) in
                guard head.isSuccess else { return refusal.append(bytes) }
                for line in splitter.append(bytes) { try progress.show(line, what) }
            }
        }
        guard head.isSuccess else { throw client.failure(GatewayResponse(head: head, body: refusal), what) }
        if let last = splitter.finish() { try progress.show(last, what) }
        guard let digest = progress.digest else {
            throw CommandFailure(
                what,
                why: "the gateway ended the build without a result",
                next: "see its log"
            )
        }
        return digest
    }

    /// The images that the Dockerfile reads from registries; the gateway reports mistakes in it.
    private static func images(_ context: URL, _ settings: BuildSettings) -> [String] {
        ReferencedImages.find(
            context: context.path,
            dockerfile: settings.dockerfile,
            arguments: settings.arguments,
            target: settings.target,
            platform: settings.platform
        )
    }

    private static func query(_ settings: BuildSettings) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if let tag = settings.tag { query.append(("tag", tag)) }
        if let dockerfile = settings.dockerfile { query.append(("dockerfile", dockerfile)) }
        if let target = settings.target { query.append(("target", target)) }
        if let platform = settings.platform { query.append(("platform", platform)) }
        if let network = settings.network { query.append(("network", network)) }
        for secret in settings.secrets { query.append(("secret", secret)) }
        if settings.noCache { query.append(("no-cache", "true")) }
        for (key, value) in settings.arguments.sorted(by: { $0.key < $1.key }) {
            query.append(("build-arg", "\(key)=\(value)"))
        }
        return query
    }
}
