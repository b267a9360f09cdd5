// SPDX-License-Identifier: Apache-2.0
// Images from and to registries, and whether a registry takes a login. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import ImageStore
import OCI
import Registry
import Scheduler

/// POST /v1/image-pulls, /v1/image-pushes and /v1/registry-logins.
struct TransfersAPI: Sendable {
    let images: ImageStore
    let registries: RegistryAccess
    let puller: ImagePuller
    let work: StoppableWork

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.imagePulls, [.post: pull])
        router.resource(APIPath.imagePushes, [.post: push])
        router.resource(APIPath.registryLogins, [.post: login])
    }

    /// `reference`; `platform` of an index; `missing` leaves alone what is here already.
    @Sendable private func pull(_ request: Request, _ context: OwnContext) async throws -> Response {
        let reference = try Self.reference(context)
        let platform = try Self.platform(context)
        let client = try registries.client(for: request)
        let isMissing = context.flag("missing")
        return try await stream("the pull of '\(reference)'") { events in
            let digest = try await puller.pull(
                reference,
                platform: platform,
                onlyMissing: isMissing,
                using: client,
                events: events
            )
            return ImageBody.Named(reference: reference, digest: digest)
        }
    }

    private func stream(
        _ what: String,
        _ operation: @escaping @Sendable (@escaping TransferEvents) async throws -> ImageBody.Named
    ) async throws -> Response {
        try await ProgressLines<TransferEvent>.response { events in
            try await work.run(what) { try await operation(events) }
        } isProgress: {
            $0.isProgress
        } line: {
            try APIJSON.encode(TransferLine($0))
        }
    }

    /// `reference`; `target`, when the image is to have another name at the registry.
    @Sendable private func push(_ request: Request, _ context: OwnContext) async throws -> Response {
        let reference = try Self.reference(context)
        let target = context.query("target")
        let client = try registries.client(for: request)
        return try await stream("the push of '\(reference)'") { events in
            let digest = try await images.push(reference, as: target, using: client, events: events)
            return ImageBody.Named(reference: target ?? reference, digest: digest)
        }
    }

    /// `registry`: asks it whether it accepts the credentials of the request; stores nothing.
    @Sendable private func login(_ request: Request, _ context: OwnContext) async throws -> Response {
        guard let registry = context.query("registry"), !registry.isEmpty else {
            throw Problem(400, .invalid, "'registry' is missing, expected a registry's host name")
        }
        try await registries.client(for: request).ping(registry)
        return Response(status: .noContent)
    }

    private static func reference(_ context: OwnContext) throws -> String {
        guard let reference = context.query("reference"), !reference.isEmpty else {
            throw Problem(400, .invalid, "'reference' is missing, expected an image reference")
        }
        return reference
    }

    private static func platform(_ context: OwnContext) throws -> Platform? {
        guard let text = context.query("platform"), !text.isEmpty else { return nil }
        guard let platform = Platform(text) else {
            throw Problem(
                400,
                .invalid,
                "platform: '\(text)' is not valid, expected os/architecture[/variant]"
            )
        }
        return platform
    }
}
