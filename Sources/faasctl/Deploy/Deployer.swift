// SPDX-License-Identifier: Apache-2.0
// From a manifest to a serving function: build or load the image, then one request. deploy and up drive it.

import Foundation
import FunctionModel
import GatewayAPI
import OCI
import Scheduler

/// Deploys functions through one gateway.
struct Deployer {
    let client: GatewayClient
    let global: GlobalOptions

    /// Makes the image if there is none yet, and deploys.
    ///
    /// - Parameters:
    ///   - manifest: what to deploy.
    ///   - folder: the manifest's own; build folders are relative to it.
    ///   - build: how to build.
    /// - Returns: the gateway's answer as JSON.
    /// - Throws: ``CommandFailure``.
    func deploy(
        _ manifest: FunctionManifest,
        folder: URL,
        build: BuildSettings
    ) async throws(CommandFailure) -> Data {
        try Self.check(manifest)
        var image = Self.image(of: manifest)
        if let buildFolder = manifest.buildFolder {
            var settings = build
            settings.arguments.merge(manifest.buildArguments) { flag, _ in flag }
            settings.tag = image
            let context = BuildContext.path(buildFolder, in: folder)
            _ = try await ImageBuilding(client: client, global: global).build(context, settings)
        } else {
            let what = "cannot deploy '\(manifest.name)'"
            let source = ImageSource.find(image)
            image = try await source.reference(client, what: what)
            // The gateway would pull it by itself; asked for before, it tells how far it is.
            if case .reference = source {
                try await Transfer(client: client, global: global).pull(image, onlyMissing: true, what)
            }
        }
        return try await put(manifest.name, image: image, manifest.configuration)
    }

    private static func image(of manifest: FunctionManifest) -> String {
        manifest.image ?? "\(manifest.name.text.lowercased()):latest"
    }

    /// Refuses what the gateway would refuse whatever the image is, before anything is built or sent.
    static func check(_ manifest: FunctionManifest) throws(CommandFailure) {
        let what = "cannot deploy '\(manifest.name)'"
        do throws(CatalogError) { try FunctionPreparer.check(manifest.configuration) } catch {
            throw CommandFailure(what, why: error.description)
        }
        let image = Self.image(of: manifest)
        if manifest.buildFolder == nil, let absence = ImageSource.absence(image) {
            throw CommandFailure(what, why: absence)
        }
        // Without a build it may be an archive or a folder.
        if manifest.buildFolder == nil, ImageSource.find(image) != .reference(image) { return }
        do throws(OCIError) { _ = try ImageReference(image) } catch {
            throw CommandFailure(what, why: error.description)
        }
    }

    /// Updates the function, or creates it: the gateway answers 404 when there is none to update.
    private func put(
        _ name: FunctionName,
        image: String,
        _ configuration: FunctionConfiguration
    ) async throws(CommandFailure) -> Data {
        let what = "cannot deploy '\(name)'"
        let body = FunctionDeployment(service: name.text, image: image, mayfly: configuration)
        var update = GatewayRequest("PUT", APIPath.functions)
        try update.setJSON(body)
        // Switching waits for the first container of the new revision: unpacking a large image takes a while.
        update.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let response = try await client.exchange(update)
        if response.head.isSuccess { return response.body }
        guard response.head.status == 404, response.isUnknownFunction else {
            throw client.failure(response, what)
        }
        var create = update
        create.method = "POST"
        return try await client.require(create, what)
    }

    /// Tells what serves now.
    func report(_ answer: Data) throws(CommandFailure) {
        try global.emit(json: answer) { () throws(CommandFailure) in
            let function = try GatewayClient.decode(
                FunctionStatusBody.self,
                from: answer,
                "cannot read the answer"
            )
            if global.quiet { return "" }
            var text = "deployed \(function.name)"
            if let detail = function.mayfly { text += ", revision \(detail.revision)" }
            text += ": \(client.address)/function/\(function.name)\n"
            for route in function.mayfly?.configuration.routes ?? [] { text += "  route \(route)\n" }
            return text
        }
    }
}

extension GatewayResponse {
    /// A 404 may also mean that the image or a secret is unknown: repeating would hide that.
    fileprivate var isUnknownFunction: Bool {
        // An answer without a problem body comes from another OpenFaaS gateway: its 404 means just this.
        guard let code = problem?.code else { return true }
        return code == ProblemBody.unknownFunction
    }
}

extension FunctionStatusBody {
    /// The image's name in the one form that people type, whichever one it was deployed with.
    var shownImage: String { (try? ImageReference(image))?.familiar ?? image }
}
