// SPDX-License-Identifier: Apache-2.0
// Wires the rooms below the HTTP edge together and ends them in order. faasctl's serve drives it.

import FunctionModel
package import FunctionStore
package import ImageBuilder
package import ImageStore
import Logging
package import Sandbox
import Synchronization

/// One running gateway without its HTTP edge.
package final class Engine: Sendable {
    /// What the end of running invocations may take beyond their grace: signals, reaping, the pumps' end.
    static let drainMargin = Duration.seconds(2)
    /// How often the store's files are checked; a check costs three system calls.
    static let carePause = Duration.seconds(10)

    package let configuration: EngineConfiguration
    private let store: SQLiteStore
    /// Functions and revisions.
    package var functions: any FunctionRepository { store }
    /// Namespaces of functions.
    package var namespaces: any NamespaceRepository { store }
    /// Asynchronous calls as they are stored; ``queue`` accepts and changes them.
    package var queuedCalls: any QueueRepository { store }
    /// Bearer tokens.
    package var tokens: any TokenRepository { store }
    /// Invocations and log lines.
    package var history: any HistoryRepository { store }
    /// Counts of all invocations since the start.
    package let totals = InvocationTotals()
    /// History; flush it before reading what has just ended.
    package let recorder: InvocationRecorder
    package let secrets: any SecretRepository
    package let images: ImageStore
    package let catalog: Catalog
    /// Containers that are no function's, running or not.
    package let containers: Containers
    /// Processes that entered running containers.
    package let entered: EnteredProcesses
    /// Commands and code that run without a deploy.
    package let runs: any RunService
    /// Calls and attached containers that run now.
    package let running: any RunningWork
    private let folder: HeldDataFolder
    /// How image files are reached on this host.
    private let trees: TreeAccess
    private let timer = DeadlineTimer()
    private let dispatcher: Dispatcher
    private let keeper: SpawnerKeeper
    private let cron: CronService
    private let calls: CallQueue
    private let callbacks: CallbackService
    private let recording = Mutex<Task<Void, Never>?>(nil)
    private let care = Mutex<Task<Void, Never>?>(nil)
    /// Calls of the gateway before this one.
    private let left: [UnfinishedCall]
    private let following = Mutex<Task<Void, Never>?>(nil)
    /// The one end, from its first call on.
    private let ending = Mutex<Task<Void, Never>?>(nil)

    /// The interface through which HTTP, schedules and the queue call functions.
    package var invoker: any FunctionInvoker { dispatcher }
    /// The door that asynchronous calls come through.
    package var queue: any AsynchronousCalls { calls }

    /// Executes the RUN steps of builds.
    package var steps: any StepRunner {
        SandboxStepRunner(
            dataDirectory: configuration.dataDirectory,
            trees: trees,
            egressAllow: configuration.buildAllow
        ) { [keeper] in keeper.current }
    }

    /// What this host offers and lacks; empty before ``start()``.
    package var findings: [HostFinding] { keeper.findings }

    /// Opens the data folder and its stores, and takes the lock.
    ///
    /// Blocks; nothing runs yet.
    ///
    /// - Parameter configuration: where, and how much.
    /// - Throws: ``EngineError``.
    package init(_ configuration: EngineConfiguration) throws(EngineError) {
        if let held = configuration.folder {
            folder = held
        } else {
            folder = try HeldDataFolder(configuration.dataDirectory)
        }
        let logger = configuration.logger
        var configuration = configuration
        configuration.dataDirectory = folder.path
        self.configuration = configuration
        let data = try EngineData(configuration)
        (store, secrets, images, trees) = (data.store, data.secrets, data.images, data.trees)
        left = data.unfinished.left
        recorder = InvocationRecorder(store: store, logger: logger)
        let sink = StatusSettingSink(sink: recorder, statusOf: configuration.statusOf, totals: totals)
        let fleet = Fleet(sandboxesMax: configuration.sandboxesLimit, timer: timer, logger: logger)
        catalog = Catalog(
            repositories: Catalog.Repositories(functions: store, schedules: store, history: store),
            images: images,
            secrets: secrets,
            fleet: fleet,
            logger: logger
        )
        dispatcher = Dispatcher(fleet, timer, sink, directory: catalog, unfinished: data.unfinished.calls)
        keeper = SpawnerKeeper(
            dataDirectory: configuration.dataDirectory,
            warden: configuration.warden,
            fleet: fleet,
            logger: logger
        )
        containers = Containers(data, configuration, timer) { [keeper] in keeper.current }
        let offer: @Sendable () -> HostOffer = { [keeper] in
            HostOffer.current(egressRefusal: keeper.current?.egressRefusal)
        }
        runs = CodeRunner(images, configuration.runImages, dispatcher, RunPools(fleet, timer), offer)
        (running, entered) = Self.running(dispatcher, containers)
        let invoker = TracedInvoker(dispatcher, sink: configuration.spans, statusOf: configuration.statusOf)
        cron = CronService(store: store, invoker: invoker, sink: sink, logger: logger)
        callbacks = CallbackService(
            store: store,
            allowed: configuration.callbackAllow,
            statusOf: configuration.statusOf,
            logger: logger
        )
        calls = CallQueue(
            CallQueue.Rooms(
                store: store,
                invoker: invoker,
                directory: catalog,
                sink: sink,
                statusOf: configuration.statusOf,
                logger: logger
            ),
            runningMax: CallQueue.runningMax(sandboxesMax: configuration.sandboxesLimit)
        ) { [callbacks] in callbacks.wake() }
        catalog.observe(cron)
        catalog.consult(offer)
        Self.link(catalog, fleet, containers)
    }

    /// Functions reach containers, and a deploy knows which there are.
    private static func link(_ catalog: Catalog, _ fleet: Fleet, _ containers: Containers) {
        catalog.consult { [containers] in containers.named($0) != nil }
        fleet.link(by: containers)
    }

    /// What runs, and the processes that enter it.
    private static func running(
        _ dispatcher: Dispatcher,
        _ containers: Containers
    ) -> (any RunningWork, EnteredProcesses) {
        let directory = RunningDirectory(dispatcher, containers)
        return (directory, EnteredProcesses { directory.target($0) })
    }

    /// Starts the spawner, restores every function and starts the schedules.
    ///
    /// - Throws: ``EngineError``; call ``shutdown()`` then too.
    package func start() async throws(EngineError) {
        recording.withLock { $0 = Task { [recorder] in await recorder.run() } }
        care.withLock { $0 = Task { [store] in await Self.lookAfter(store) } }
        do throws(SandboxError) {
            try await keeper.start()
        } catch {
            throw .spawner(reason: error.description)
        }
        do throws(CatalogError) {
            try await catalog.restore()
        } catch {
            throw .store(reason: error.description)
        }
        do throws(StoreError) { try await containers.restore() } catch {
            throw .store(reason: error.description)
        }
        dispatcher.recordUnfinished(left)
        await cron.start()
        await calls.start()
        callbacks.start()
        following.withLock { $0 = Task { [catalog] in await catalog.followChanges() } }
    }

    /// Until its task is cancelled.
    private static func lookAfter(_ store: SQLiteStore) async {
        while !Task.isCancelled {
            store.lookAfter()
            // A cancelled sleep is the end.
            _ = try? await Task.sleep(for: carePause)
        }
    }

    /// Stops admission, lets running calls finish (bounded by their grace), and gives everything back.
    ///
    /// The order is that of dependence: nothing new starts, what runs ends, the spawner goes with whatever is
    /// left, then history is written and the folder released. A second caller waits for the same end.
    package func shutdown() async {
        // A task of its own: the caller's is often cancelled by then, and every bounded wait would be none.
        let task = ending.withLock { ending in
            let task = ending ?? Task { await end() }
            ending = task
            return task
        }
        await task.value
    }

    private func end() async {
        following.withLock { $0 }?.cancel()
        await following.withLock { $0 }?.value
        await cron.stop()
        calls.stop()
        entered.end()
        containers.end()
        let longestGrace = catalog.revisions().map(\.configuration.grace.duration).max() ?? .zero
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [dispatcher] in await dispatcher.drain() }
            group.addTask {
                // A cancelled sleep means that everything has ended in time.
                _ = try? await Task.sleep(for: longestGrace + Self.drainMargin)
            }
            await group.next()
            group.cancelAll()
        }
        await containers.settle()
        await keeper.stop()
        await cron.settle()
        await calls.settle()
        await callbacks.stop()
        timer.stop()
        care.withLock { $0 }?.cancel()
        await care.withLock { $0 }?.value
        recording.withLock { $0 }?.cancel()
        await recording.withLock { $0 }?.value
        await recorder.flush()
        do {
            try store.close()
        } catch {
            configuration.logger.error("The store did not close", metadata: ["reason": "\(error)"])
        }
        folder.release()
    }
}
