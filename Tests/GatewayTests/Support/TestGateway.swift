// SPDX-License-Identifier: Apache-2.0
// A gateway on a port of its own with fakes behind it, for the time of one test.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Glibc
import HTTPTypes
import ImageBuilder
import ImageStore
import Logging
import Sandbox

@testable import Gateway
@testable import Scheduler

/// What a test can reach of its gateway.
struct TestGateway: Sendable {
    let client: WireClient
    /// Of the listener that redirects.
    let redirect: WireClient?
    /// Of the listener for metrics.
    let metrics: WireClient?
    let catalog: FakeCatalog
    let store: SQLiteStore
    let recorder: InvocationRecorder
    let secrets: any SecretRepository
    let directory: String
    /// The gateway's own routes.
    let routes: [(method: HTTPRequest.Method, pattern: String)]

    /// Of user `admin` with password `secret`.
    static let authorization = "Authorization: Basic YWRtaW46c2VjcmV0"

    /// Starts a gateway, runs the test and stops the gateway again.
    static func run(
        _ invoker: FakeInvoker = .ending(.ok),
        _ revisions: [Revision]? = nil,
        runs: (any RunService)? = nil,
        runMemory: ByteBudget = ByteBudget(),
        running: (any RunningWork)? = nil,
        _ change: (inout GatewayConfiguration) -> Void = { _ in },
        withEveryPath: Bool = false,
        _ test: (TestGateway) async throws -> Void
    ) async throws {
        let directory = try makeDirectory()
        defer { removeDirectory(directory) }
        var configuration = GatewayConfiguration(dataDirectory: directory)
        configuration.port = 0
        change(&configuration)
        let store = try SQLiteStore(path: directory + "/mayfly.sqlite", logger: logger)
        let catalog = FakeCatalog(try revisions ?? [makeRevision("hello")])
        var services = try services(invoker, catalog, store, configuration)
        services.runs = runs ?? (withEveryPath ? FakeRuns.ending(.ok) : nil)
        services.runMemory = runMemory
        services.running = running ?? (withEveryPath ? FakeRunning() : nil)
        if withEveryPath {
            services.registries = RegistryAccess()
            services.containers = Containers(
                images: services.images.images,
                store: store,
                folders: ContainerFolders(dataDirectory: directory, trees: .direct, logger: logger),
                hostMounts: false,
                descriptorsMax: 1024,
                timer: DeadlineTimer()
            ) { nil }
            services.entered = EnteredProcesses { _ in .unknown }
        }
        let server = GatewayServer(
            configuration,
            services: services,
            credentials: AdminCredentials(user: "admin", password: "secret")
        )
        let result = try await serve(server) { ports in
            try await test(
                TestGateway(
                    client: WireClient(port: ports.main),
                    redirect: ports.redirect.map { WireClient(port: $0) },
                    metrics: ports.metrics.map { WireClient(port: $0) },
                    catalog: catalog,
                    store: store,
                    recorder: services.recorder,
                    secrets: services.secrets,
                    directory: directory,
                    routes: server.routes
                )
            )
        }
        try store.close()
        try result.get()
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What is behind the edge: a real store and real images, functions that are fakes.
    private static func services(
        _ invoker: FakeInvoker,
        _ catalog: FakeCatalog,
        _ store: SQLiteStore,
        _ configuration: GatewayConfiguration
    ) throws -> GatewayServices {
        let directory = configuration.dataDirectory
        let images = try ImageStore(
            dataDirectory: directory,
            references: MemoryReferenceStore(),
            logger: logger
        )
        return GatewayServices(
            invoker: invoker,
            queue: FakeCalls(invoker, store),
            queuedCalls: store,
            catalog: catalog,
            functions: store,
            namespaces: store,
            history: store,
            recorder: InvocationRecorder(store: store, logger: logger),
            secrets: try SecretStore(folder: directory + "/secrets"),
            tokens: TokenBook(store: store, logger: logger),
            accessKeys: AccessKeys(key: [1, 2, 3]),
            audit: AuditLog(dataDirectory: directory, logger: logger),
            images: ImageServices(
                images: images,
                builder: try ImageBuilder(dataDirectory: directory, store: images, logger: logger),
                functions: store,
                budget: .standard,
                logger: logger
            ),
            uploads: Uploads(dataDirectory: directory, bytesMax: configuration.limits.uploadBytesMax),
            limits: configuration.limits,
            version: "1.2.3",
            logger: logger
        )
    }

    /// Runs a test against a server on its port; failure when the test failed.
    private static func serve(
        _ server: GatewayServer,
        _ test: (_ ports: ListeningPorts) async throws -> Void
    ) async throws -> Result<Void, any Error> {
        let (bound, listening) = AsyncStream<ListeningPorts>.makeStream()
        let running = Task {
            defer { listening.finish() }
            try await server.prepare()
            try await server.run { listening.yield($0) }
        }
        var iterator = bound.makeAsyncIterator()
        guard let ports = await iterator.next() else {
            try await running.value
            return .success(())
        }
        let result: Result<Void, any Error>
        do { result = .success(try await test(ports)) } catch { result = .failure(error) }
        running.cancel()
        _ = await running.result
        return result
    }

    static func makeDirectory() throws -> String {
        var template = Array("/tmp/mayfly-gateway-XXXXXX".utf8CString)
        guard let path = mkdtemp(&template) else {
            throw WireConnection.Failure(call: "mkdtemp", number: errno)
        }
        return String(cString: path)
    }

    /// A leftover in /tmp fails no test.
    static func removeDirectory(_ path: String) {
        do { try FileManager.default.removeItem(atPath: path) } catch {}
    }
}
