// SPDX-License-Identifier: Apache-2.0
// Deploys a manifest: builds or loads the image, then sends one request. deploy and up use it.

import Foundation
import FunctionModel
import GatewayAPI
import OCI
import Schedules

/// Deploys functions through one gateway.
struct Deployer {
    let client: GatewayClient
    let global: GlobalOptions

    /// Builds or loads the image if needed, and deploys.
    ///
    /// - Parameters:
    ///   - manifest: the function.
    ///   - folder: of the manifest; build folders are relative to it.
    ///   - build: the settings of a build.
    /// - Returns: the function's status.
    /// - Throws: ``CommandFailure``.
    func deploy(
        _ manifest: FunctionManifest,
        folder: URL,
        build: BuildSettings
    ) async throws(CommandFailure) -> FunctionStatusBody {
        try Self.check(manifest)
        var image = Self.image(of: manifest)
        if let buildFolder = manifest.buildFolder {
            var settings = build
            settings.arguments.merge(manifest.buildArguments) { flag, _ in flag }
            settings.tag = image
            let context = BuildFolder.path(buildFolder, in: folder)
            _ = try await ImageBuilding(client: client, global: global).build(context, settings)
        } else {
            let what = "cannot deploy '\(manifest.name)'"
            image = try await ImageSource.find(image).reference(client, what: what)
        }
        var body = FunctionDeployment(
            service: manifest.name.localName,
            image: image,
            mayfly: manifest.configuration
        )
        let isDefault = manifest.name.namespace == FunctionName.defaultNamespace
        body.namespace = isDefault ? nil : manifest.name.namespace
        return try await Transfer(client: client, global: global).deploy(
            body,
            "cannot deploy '\(manifest.name)'"
        )
    }

    private static func image(of manifest: FunctionManifest) -> String {
        manifest.image ?? "\(manifest.name.text.lowercased()):latest"
    }

    /// Refuses values that the gateway would refuse for any image, before a build or upload.
    static func check(_ manifest: FunctionManifest) throws(CommandFailure) {
        let what = "cannot deploy '\(manifest.name)'"
        do throws(ModelError) { try manifest.configuration.validateWithSchedules() } catch {
            throw CommandFailure(what, why: error.description)
        }
        let image = Self.image(of: manifest)
        if manifest.buildFolder == nil, let absence = ImageSource.absence(image) {
            throw CommandFailure(what, why: absence)
        }
        // Without a build the image may be an archive or a folder.
        if manifest.buildFolder == nil, ImageSource.find(image) != .reference(image) { return }
        do throws(OCIError) { _ = try ImageReference(image) } catch {
            throw CommandFailure(what, why: error.description)
        }
    }

    /// Prints the current revision.
    func report(_ function: FunctionStatusBody) throws(CommandFailure) {
        let json: Data
        do { json = try APIJSON.encode(function) } catch {
            throw CommandFailure("cannot write the answer", why: "\(error)")
        }
        try global.emit(json: json) {
            if global.quiet { return "" }
            var text = "deployed \(function.qualifiedName)"
            if let detail = function.mayfly { text += ", revision \(detail.revision)" }
            text += ": \(client.address)/function/\(function.qualifiedName)\n"
            for route in function.mayfly?.configuration.routes ?? [] { text += "  route \(route)\n" }
            return text
        }
    }
}

extension FunctionStatusBody {
    /// The image's name in its short form.
    var shownImage: String { (try? ImageReference(image))?.familiar ?? image }
}
