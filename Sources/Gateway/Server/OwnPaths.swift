// SPDX-License-Identifier: Apache-2.0
// The paths that the gateway answers itself. Edge drives it for everything that is no function.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Logging
import Scheduler

/// What calls through the gateway's own paths share with those of functions.
struct OwnCalls: Sendable {
    let routes: RouteCache
    let accessLog: AccessLog
}

/// Hummingbird's router with every API of the gateway in it.
struct OwnPaths: Sendable {
    private let responder: RouterResponder<OwnContext>
    private let logger: Logger
    /// Every route with its method, for tests.
    let routes: [(method: HTTPRequest.Method, pattern: String)]

    /// First segments that no function's host-less route can have.
    private static let segments: Set<Substring> = LambdaRoute.versions.union([
        "system", "v1", "healthz", "readyz", "metrics", "ui", "async-function", "function",
    ])

    /// The longest body that a path takes in memory; paths that store what comes have none here.
    static func bodyBytesMax(_ path: String) -> Int { path == APIPath.run ? RunBounds.bodyBytesMax : .max }

    /// Whether a path belongs to the gateway.
    static func owns(_ path: Substring) -> Bool {
        segments.contains(path.dropFirst().prefix { $0 != "/" })
    }

    /// Whether a path's answer needs neither the database nor the disk: an event loop may make it.
    static func isImmediate(_ path: Substring) -> Bool { HealthAPI.paths.contains(path) }

    init(
        _ services: GatewayServices,
        guardian: LoginGuard,
        hosts: AdminHosts,
        metrics: MetricsRegistry,
        calls: OwnCalls,
        tls: TLSEdge?,
        servesMetrics: Bool
    ) {
        logger = services.logger
        let router = Router(context: OwnContext.self, options: .autoGenerateHeadEndpoints)
        HealthAPI(isReady: services.isReady).add(to: router)
        let guarded = router.group().add(middleware: AdminGate(hosts: hosts))
            .add(middleware: AdminAuthentication(guardian: guardian))
            .add(middleware: AuditTrail(log: services.audit))
        let namespaces = Namespaces(store: services.namespaces)
        let deployer = FunctionDeployer(
            catalog: services.catalog,
            namespaces: namespaces,
            puller: services.images.puller,
            registries: services.registries
        )
        FunctionsAPI(
            catalog: services.catalog,
            deployer: deployer,
            namespaces: namespaces,
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
        AlertAPI(catalog: services.catalog, bodyBytesMax: services.limits.adminBodyBytesMax).add(to: guarded)
        HistoryAPI(catalog: services.catalog, store: services.history, recorder: services.recorder)
            .add(to: guarded)
        SchedulesAPI(catalog: services.catalog).add(to: guarded)
        QueueAPI(queue: services.queue, store: services.queuedCalls).add(to: guarded)
        CallsAPI(store: services.queuedCalls, history: services.history, recorder: services.recorder).add(
            to: guarded
        )
        if servesMetrics {
            let page = Self.metrics(services, metrics, tls)
            if services.metricsNeedCredentials { page.add(to: guarded) } else { page.add(to: router) }
        }
        Self.addImages(services, to: guarded)
        Self.addContainers(services, to: guarded)
        Self.addCredentials(services, to: guarded)
        Self.addLambda(services, deployer, guardian, hosts, calls, to: router)
        routes = router.routes.map { ($0.method, $0.path.description) }
        responder = router.buildResponder()
    }

    /// The paths of a listener for metrics: /metrics alone.
    init(
        metricsOf services: GatewayServices,
        guardian: LoginGuard,
        hosts: AdminHosts,
        metrics: MetricsRegistry,
        tls: TLSEdge?
    ) {
        logger = services.logger
        let router = Router(context: OwnContext.self, options: .autoGenerateHeadEndpoints)
        let page = Self.metrics(services, metrics, tls)
        if services.metricsNeedCredentials {
            let guarded = router.group().add(middleware: AdminGate(hosts: hosts))
                .add(middleware: AdminAuthentication(guardian: guardian))
            page.add(to: guarded)
        } else {
            page.add(to: router)
        }
        routes = router.routes.map { ($0.method, $0.path.description) }
        responder = router.buildResponder()
    }

    /// Attached containers, processes and files of those that run, and runs.
    private static func addContainers(_ services: GatewayServices, to guarded: RouterGroup<OwnContext>) {
        let bodyBytesMax = services.limits.adminBodyBytesMax
        if let containers = services.containers {
            ContainersAPI(containers: containers, bodyBytesMax: bodyBytesMax).add(to: guarded)
            ContainerStreamsAPI(containers: containers, entered: services.entered).add(to: guarded)
            ContainerEventsAPI(containers: containers).add(to: guarded)
            DiskAPI(containers: containers).add(to: guarded)
            LayersAPI(containers: containers, keeper: services.images.keeper).add(to: guarded)
            VolumesAPI(containers: containers, bodyBytesMax: bodyBytesMax).add(to: guarded)
            NetworksAPI(containers: containers, bodyBytesMax: bodyBytesMax).add(to: guarded)
        }
        if let entered = services.entered {
            CopyAPI(entered: entered, uploads: services.uploads).add(to: guarded)
            ExecAPI(entered: entered, bodyBytesMax: bodyBytesMax).add(to: guarded)
        }
        if let runs = services.runs { RunAPI(runs: runs, memory: services.runMemory).add(to: guarded) }
    }

    /// Versions of functions, and what functions and callers have to show.
    private static func addCredentials(_ services: GatewayServices, to guarded: RouterGroup<OwnContext>) {
        let bodyBytesMax = services.limits.adminBodyBytesMax
        SecretsAPI(
            secrets: services.secrets,
            namespaces: Namespaces(store: services.namespaces),
            catalog: services.catalog,
            bodyBytesMax: bodyBytesMax
        ).add(to: guarded)
        NamespacesAPI(store: services.namespaces, secrets: services.secrets, bodyBytesMax: bodyBytesMax)
            .add(to: guarded)
        AliasesAPI(catalog: services.catalog, bodyBytesMax: bodyBytesMax).add(to: guarded)
        DescriptionAPI(version: services.version).add(to: guarded)
        if let running = services.running { RunningAPI(running: running).add(to: guarded) }
        TokensAPI(book: services.tokens, keys: services.accessKeys, bodyBytesMax: bodyBytesMax)
            .add(to: guarded)
    }

    private static func metrics(_ services: GatewayServices, _ registry: MetricsRegistry, _ tls: TLSEdge?)
        -> MetricsAPI
    {
        MetricsAPI(
            registry: registry,
            catalog: services.catalog,
            totals: services.totals,
            version: services.version,
            queue: services.queue,
            queuedCalls: services.queuedCalls,
            tls: tls,
            spans: services.spans
        )
    }

    /// Everything about images: what they are, how they come and go, and builds.
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
        guard response.status.code >= 400, !type.hasPrefix("text/"), type != Problem.mediaType,
            response.headers[.amazonErrorType] == nil
        else { return nil }
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
        let others: [HTTPRequest.Method] = [
            .get, .head, .post, .put, .patch, .delete, .options, .trace,
        ]
        let allow = handlers.keys.map(\.rawValue).sorted().joined(separator: ", ")
        let pattern = path
        let path = RouterPath(path)
        for (method, handler) in handlers {
            let rule = RouteRules.rule(method, pattern)
            let operation = APIDescription.operation(method.rawValue, pattern)
            on(path, method: method) { request, context -> Response in
                guard let rule else { throw Problem.withoutRule }
                try rule.check(context)
                if let operation { try QueryCheck.check(context.call.target.query, operation) }
                return try await handler(request, context)
            }
        }
        for method in others where handlers[method] == nil {
            if method == .head, handlers[.get] != nil { continue }
            on(path, method: method) { _, _ -> Response in throw Problem.methodNotAllowed(allow) }
        }
    }
}
