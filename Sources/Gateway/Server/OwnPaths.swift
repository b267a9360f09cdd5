// SPDX-License-Identifier: Apache-2.0
// The paths that the gateway answers itself. Edge drives it for everything that is no function.

import HTTPTypes
import Hummingbird
import Logging

/// Hummingbird's router with every API of the gateway in it.
struct OwnPaths: Sendable {
    private let responder: RouterResponder<OwnContext>
    private let logger: Logger

    /// First segments that no function's host-less route can have.
    private static let segments: Set<Substring> = [
        "system", "v1", "healthz", "readyz", "metrics", "ui", "async-function", "function",
    ]

    /// Whether a path belongs to the gateway.
    static func owns(_ path: Substring) -> Bool {
        segments.contains(path.dropFirst().prefix { $0 != "/" })
    }

    init(_ services: GatewayServices, credentials: Credentials, metrics: MetricsRegistry) {
        logger = services.logger
        let router = Router(context: OwnContext.self, options: .autoGenerateHeadEndpoints)
        HealthAPI(isReady: services.isReady).add(to: router)
        let guarded = router.group().add(middleware: BasicAuthentication(credentials: credentials))
        FunctionsAPI(
            catalog: services.catalog,
            images: services.images,
            registries: services.registries,
            keeper: services.keeper,
            bodyBytesMax: services.limits.adminBodyBytesMax
        ).add(to: guarded)
        RollbackAPI(catalog: services.catalog, bodyBytesMax: services.limits.adminBodyBytesMax).add(
            to: guarded
        )
        SecretsAPI(
            secrets: services.secrets,
            catalog: services.catalog,
            bodyBytesMax: services.limits.adminBodyBytesMax
        ).add(to: guarded)
        LogsAPI(store: services.store, recorder: services.recorder).add(to: guarded)
        InfoAPI(version: services.version).add(to: guarded)
        HistoryAPI(store: services.store, recorder: services.recorder).add(to: guarded)
        SchedulesAPI(catalog: services.catalog).add(to: guarded)
        MetricsAPI(registry: metrics, catalog: services.catalog).add(to: router)
        if let images = services.images {
            ImageMakingAPI(images: images).add(to: guarded)
            if let keeper = services.keeper {
                ImagesAPI(images: images, uploads: services.uploads, store: services.store, keeper: keeper)
                    .add(to: guarded)
                ImageCareAPI(images: images, keeper: keeper).add(to: guarded)
            }
            if let registries = services.registries {
                TransfersAPI(images: images, registries: registries, keeper: services.keeper)
                    .add(to: guarded)
            }
        }
        if let builder = services.builder {
            BuildsAPI(
                builder: builder,
                uploads: services.uploads,
                registries: services.registries,
                keeper: services.keeper,
                secrets: services.secrets
            ).add(to: guarded)
        }
        if let containers = services.containers {
            ContainersAPI(containers: containers, bodyBytesMax: services.limits.adminBodyBytesMax).add(
                to: guarded
            )
        }
        responder = router.buildResponder()
    }

    func respond(to request: Request, _ call: Call) async throws -> Response {
        let context = OwnContext(source: .init(logger: logger, call: call))
        var response = try await responder.respond(to: request, context: context)
        response.headers[.callID] = call.id
        return response
    }
}

extension RouterMethods where Context == OwnContext {
    /// Registers handlers by method, and 405 with Allow for every other method of the same path.
    func resource(
        _ path: RouterPath,
        _ handlers: [HTTPRequest.Method: @Sendable (Request, OwnContext) async throws -> Response]
    ) {
        let others: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        let allow = handlers.keys.map(\.rawValue).sorted().joined(separator: ", ")
        for (method, handler) in handlers { on(path, method: method, use: handler) }
        for method in others where handlers[method] == nil {
            if method == .head, handlers[.get] != nil { continue }
            on(path, method: method) { _, _ -> Response in throw Problem.methodNotAllowed(allow) }
        }
    }
}
