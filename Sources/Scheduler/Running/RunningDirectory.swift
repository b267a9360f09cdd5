// SPDX-License-Identifier: Apache-2.0
// Lists what runs now, and ends it for an operator. Engine owns one; Gateway's RunningAPI asks.

import FoundationEssentials
import FunctionModel
import Glibc
import Sandbox

/// Calls and attached containers of one gateway.
final class RunningDirectory: RunningWork {
    /// Between the stop signal and SIGKILL of a container that is no function's, as Docker has it.
    static let containerGrace = Duration.seconds(10)
    /// Longest wait for the end after SIGKILL: the kernel ends a container within milliseconds.
    static let endingMax = Duration.seconds(5)

    private let dispatcher: Dispatcher
    private let containers: AttachedContainers

    init(_ dispatcher: Dispatcher, _ containers: AttachedContainers) {
        self.dispatcher = dispatcher
        self.containers = containers
    }

    private enum Entry {
        case call(RunningInvocation)
        case attached(AttachedContainer)

        var name: RunningName {
            switch self {
            case .call(let call):
                RunningName(
                    id: call.id,
                    container: call.session.containerName,
                    function: call.limits.function.text
                )
            case .attached(let container): RunningName(id: container.id, container: container.name)
            }
        }
    }

    private var entries: [Entry] {
        dispatcher.runningCalls.map { .call($0) } + containers.all.map { .attached($0) }
    }

    /// See ``RunningWork``.
    func list(of function: FunctionName?) async -> [RunningContainer] {
        // At once: each is a question to a process of its own.
        await withTaskGroup(of: RunningContainer.self) { group in
            for entry in entries where function == nil || entry.name.function == function?.text {
                group.addTask { await Self.describe(entry) }
            }
            var all: [RunningContainer] = []
            for await one in group { all.append(one) }
            return all.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
        }
    }

    private static func describe(_ entry: Entry) async -> RunningContainer {
        switch entry {
        case .call(let call):
            RunningContainer(
                kind: .call,
                id: call.id,
                function: call.limits.function,
                image: call.facts.image,
                container: call.session.containerName,
                startedAt: call.facts.startedAt,
                isStopping: !call.session.isUndisturbed,
                usage: await call.session.usage().map(RunningContainer.Usage.init)
            )
        case .attached(let container):
            RunningContainer(
                kind: .container,
                id: container.id,
                function: nil,
                image: container.image,
                container: container.name,
                startedAt: container.startedAt,
                isStopping: container.isStopping,
                usage: await container.usage().map(RunningContainer.Usage.init)
            )
        }
    }

    /// See ``RunningWork``.
    func end(_ name: String, _ request: EndRequest) async -> EndReply {
        let entries = entries
        switch RunningName.find(name, among: entries.map(\.name)) {
        case .none: return .unknown
        case .several(let count): return .ambiguous(count)
        case .one(let index):
            let hasEnded = await Self.end(entries[index], request)
            return .done(entries[index].name.id, hasEnded: hasEnded)
        }
    }

    private static func end(_ entry: Entry, _ request: EndRequest) async -> Bool {
        let session: ContainerSession
        let own: ContainerSession.StopPolicy
        switch entry {
        case .call(let call):
            session = call.session
            own = .init(signal: call.limits.stopSignal, grace: call.limits.grace)
        case .attached(let container):
            session = container.session
            own = .init(signal: container.stopSignal, grace: containerGrace)
        }
        switch request {
        case .stop(let signal, let grace):
            let policy = ContainerSession.StopPolicy(signal: signal ?? own.signal, grace: grace ?? own.grace)
            session.stop(.cancelled, by: policy)
            return await session.waitForEnd(atMost: policy.grace + endingMax)
        case .signal(SIGKILL):
            session.kill(.cancelled)
            return await session.waitForEnd(atMost: endingMax)
        case .signal(let number):
            session.signal(number)
            return false
        }
    }
}
