// SPDX-License-Identifier: Apache-2.0
// A gateway on a port of its own with fakes behind it, for the time of one test.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Glibc
import ImageBuilder
import ImageStore
import Logging
import Scheduler

@testable import Gateway

/// What a test can reach of its gateway.
struct TestGateway: Sendable {
    let client: WireClient
    let catalog: FakeCatalog
    let store: SQLiteStore
    let recorder: InvocationRecorder
    let directory: String

    /// Of user `admin` with password `secret`.
    static let authorization = "Authorization: Basic YWRtaW46c2VjcmV0"

    private static func makeKeeper(
        _ images: ImageStore,
        _ builder: ImageBuilder,
        _ store: SQLiteStore
    ) -> ImageKeeper {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return ImageKeeper(
            images: images,
            builder: builder,
            functions: store,
            budget: .standard,
            logger: logger
        )
    }

    /// Starts a gateway, runs the test and stops the gateway again.
    static func run(
        _ invoker: FakeInvoker = .ending(.ok),
        _ revisions: [Revision]? = nil,
        _ change: (inout GatewayConfiguration) -> Void = { _ in },
        _ test: (TestGateway) async throws -> Void
    ) async throws {
        let directory = try makeDirectory()
        defer { removeDirectory(directory) }
        var configuration = GatewayConfiguration(dataDirectory: directory)
        configuration.port = 0
        change(&configuration)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = try SQLiteStore(path: directory + "/mayfly.sqlite", logger: logger)
        let recorder = InvocationRecorder(store: store, logger: logger)
        let catalog = FakeCatalog(try revisions ?? [makeRevision("hello")])
        let uploads = Uploads(dataDirectory: directory, bytesMax: configuration.limits.uploadBytesMax)
        uploads.prepare()
        let images = try ImageStore(
            dataDirectory: directory,
            references: MemoryReferenceStore(),
            logger: logger
        )
        let builder = try ImageBuilder(dataDirectory: directory, store: images, logger: logger)
        let keeper = makeKeeper(images, builder, store)
        let services = GatewayServices(
            invoker: invoker,
            queue: FakeCalls(invoker, store),
            queuedCalls: store,
            catalog: catalog,
            functions: store,
            history: store,
            recorder: recorder,
            secrets: try SecretStore(folder: directory + "/secrets"),
            images: images,
            builder: builder,
            keeper: keeper,
            uploads: uploads,
            limits: configuration.limits,
            version: "1.2.3",
            logger: logger
        )
        let server = GatewayServer(
            configuration,
            services: services,
            credentials: AdminCredentials(user: "admin", password: "secret")
        )
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let running = Task {
            defer { listening.finish() }
            try await server.run { listening.yield($0) }
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await running.value
            return
        }
        let gateway = TestGateway(
            client: WireClient(port: port),
            catalog: catalog,
            store: store,
            recorder: recorder,
            directory: directory
        )
        let result: Result<Void, any Error>
        do { result = .success(try await test(gateway)) } catch { result = .failure(error) }
        running.cancel()
        _ = await running.result
        try store.close()
        try result.get()
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
