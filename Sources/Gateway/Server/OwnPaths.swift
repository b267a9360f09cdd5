// SPDX-License-Identifier: Apache-2.0
// The paths that the gateway answers itself. Edge drives it for everything that is no function.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Logging
import Scheduler

/// Hummingbird's router with every API of the gateway in it.
struct OwnPaths: Sendable {
    private let responder: RouterResponder<OwnContext>
    private let logger: Logger
    /// Every route with its method, for tests.
    let routes: [(method: HTTPRequest.Method, pattern: String)]

    /// First segments that no function's host-less route can have.
    private static let segments: Set<Substring> = [
        "system", "v1", "healthz", "readyz", "metrics", "ui", "async-function", "function",
    ]

    /// The longest body that a path takes in memory; paths that store what comes have none here.
    static func bodyBytesMax(_ path: String) -> Int { path == APIPath.run ? RunBounds.bodyBytesMax : .max }

    /// Whether a path belongs to the gateway.
    static func owns(_ path: Substring) -> Bool {
        segments.contains(path.dropFirst().prefix { $0 != "/" })
    }

    init(
        _ services: GatewayServices,
        guardian: LoginGuard,
        hosts: AdminHosts,
        metrics: MetricsRegistry,
        tls: TLSEdge?
    ) {
        logger = services.logger
        let router = Router(context: OwnContext.self, options: .autoGenerateHeadEndpoints)
        HealthAPI(isReady: services.isReady).add(to: router)
        let guarded = router.group().add(middleware: AdminGate(hosts: hosts))
            .add(middleware: AdminAuthentication(guardian: guardian))
            .add(middleware: AuditTrail(log: services.audit))
        let deployer = FunctionDeployer(
            catalog: services.catalog,
            puller: services.images.puller,
            registries: services.registries
        )
        FunctionsAPI(
            catalog: services.catalog,
            deployer: deployer,
            bodyBytesMax: services.limits.adminBodyBytesMax
        ).add(to: guarded)
        DeployAPI(
            catalog: services.catalog,
            deployer: deployer,
            work: services.images.work,
            bodyBytesMax: services.limits.adminBodyBytesMax
        ).add(to: guarded)
        RollbackAPI(catalog: services.catalog, bodyBytesMax: services.limits.adminBodyBytesMax).add(
            to: guarded
        )
        LogsAPI(catalog: services.catalog, store: services.history, recorder: services.recorder).add(
            to: guarded
        )
        InfoAPI(version: services.version).add(to: guarded)
        NamespacesAPI(bodyBytesMax: services.limits.adminBodyBytesMax).add(to: guarded)
        AlertAPI(catalog: services.catalog, bodyBytesMax: services.limits.adminBodyBytesMax).add(to: guarded)
        HistoryAPI(catalog: services.catalog, store: services.history, recorder: services.recorder)
            .add(to: guarded)
        SchedulesAPI(catalog: services.catalog).add(to: guarded)
        QueueAPI(queue: services.queue, store: services.queuedCalls).add(to: guarded)
        CallsAPI(store: services.queuedCalls, history: services.history, recorder: services.recorder).add(
            to: guarded
        )
        let page = Self.metrics(services, metrics, tls)
        if services.metricsNeedCredentials { page.add(to: guarded) } else { page.add(to: router) }
        Self.addImages(services, to: guarded)
        if let containers = services.containers {
            ContainersAPI(containers: containers, bodyBytesMax: services.limits.adminBodyBytesMax).add(
                to: guarded
            )
        }
        if let runs = services.runs { RunAPI(runs: runs, memory: services.runMemory).add(to: guarded) }
        Self.addCredentials(services, to: guarded)
        routes = router.routes.map { ($0.method, $0.path.description) }
        responder = router.buildResponder()
    }

    /// What functions and callers have to show.
    private static func addCredentials(_ services: GatewayServices, to guarded: RouterGroup<OwnContext>) {
        let bodyBytesMax = services.limits.adminBodyBytesMax
        SecretsAPI(secrets: services.secrets, catalog: services.catalog, bodyBytesMax: bodyBytesMax)
            .add(to: guarded)
        if let running = services.running { RunningAPI(running: running).add(to: guarded) }
        TokensAPI(book: services.tokens, bodyBytesMax: bodyBytesMax).add(to: guarded)
    }

    /// Everything about images: what they are, how they come and go, and builds.
    private static func metrics(_ services: GatewayServices, _ registry: MetricsRegistry, _ tls: TLSEdge?)
        -> MetricsAPI
    {
        MetricsAPI(
            registry: registry,
            catalog: services.catalog,
            queue: services.queue,
            queuedCalls: services.queuedCalls,
            tls: tls
        )
    }

    private static func addImages(_ services: GatewayServices, to guarded: RouterGroup<OwnContext>) {
        let (images, keeper, work) = (services.images.images, services.images.keeper, services.images.work)
        ImageMakingAPI(images: images, work: work).add(to: guarded)
        ImagesAPI(images: images, uploads: services.uploads, keeper: keeper, work: work).add(to: guarded)
        ImageImportAPI(images: images, uploads: services.uploads, keeper: keeper, work: work)
            .add(to: guarded)
        ImageCareAPI(images: images, keeper: keeper, work: work).add(to: guarded)
        if let registries = services.registries {
            TransfersAPI(images: images, registries: registries, puller: services.images.puller, work: work)
                .add(to: guarded)
        }
        BuildsAPI(
            builder: services.images.builder,
            uploads: services.uploads,
            registries: services.registries,
            keeper: keeper,
            secrets: services.secrets,
            work: work,
            turns: services.images.turns
        ).add(to: guarded)
    }

    func respond(to request: Request, _ call: ReceivedCall) async throws -> Response {
        let context = OwnContext(source: .init(logger: logger, call: call))
        var response = try await responder.respond(
            to: Self.normalized(request, call.target),
            context: context
        )
        if let problem = Self.problem(response) { response = problem.response(callID: call.id) }
        response.headers[.callID] = call.id
        return response
    }

    /// The router compares paths as they are sent.
    private static func normalized(_ request: Request, _ target: RequestTarget) -> Request {
        guard let path = request.head.path, path.utf8.contains(UInt8(ascii: "%")) else { return request }
        var head = request.head
        head.path = String(target.path) + (target.query.map { "?" + $0 } ?? "")
        return Request(head: head, body: request.body)
    }

    /// The router's own errors, which have no body or one of another form.
    private static func problem(_ response: Response) -> Problem? {
        let type = response.headers[.contentType] ?? ""
        guard response.status.code >= 400, !type.hasPrefix("text/"), type != Problem.mediaType else {
            return nil
        }
        return Problem(translating: HTTPError(response.status))
    }
}

extension RouterMethods where Context == OwnContext {
    /// Registers handlers by method, and 405 with Allow for every other method of the same path.
    ///
    /// Each handler runs only for callers that the route's rule admits (``RouteRules``); without a rule, for none.
    func resource(
        _ path: String,
        _ handlers: [HTTPRequest.Method: @Sendable (Request, OwnContext) async throws -> Response]
    ) {
        let others: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        let allow = handlers.keys.map(\.rawValue).sorted().joined(separator: ", ")
        let pattern = path
        let path = RouterPath(path)
        for (method, handler) in handlers {
            let rule = RouteRules.rule(method, pattern)
            on(path, method: method) { request, context -> Response in
                guard let rule else { throw Problem.withoutRule }
                try rule.check(context)
                return try await handler(request, context)
            }
        }
        for method in others where handlers[method] == nil {
            if method == .head, handlers[.get] != nil { continue }
            on(path, method: method) { _, _ -> Response in throw Problem.methodNotAllowed(allow) }
        }
    }
}
