// SPDX-License-Identifier: Apache-2.0
// Lists what runs now, and ends it for an operator. Engine owns one; Gateway's RunningAPI asks.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Glibc
import Sandbox

/// Calls and attached containers of one gateway.
final class RunningDirectory: RunningWork {
    /// Longest wait for the end after SIGKILL: the kernel ends a container within milliseconds.
    static let endingMax = Duration.seconds(5)

    private let dispatcher: Dispatcher
    private let containers: Containers

    init(_ dispatcher: Dispatcher, _ containers: Containers) {
        self.dispatcher = dispatcher
        self.containers = containers
    }

    private enum Entry {
        case call(RunningInvocation)
        case container(Container, ContainerSession)

        var name: RunningName {
            switch self {
            case .call(let call):
                RunningName(
                    id: call.id,
                    container: call.session.containerName,
                    function: call.limits.function.text
                )
            case .container(let container, let session):
                RunningName(id: container.id, container: session.containerName, function: container.name)
            }
        }
    }

    private var entries: [Entry] {
        dispatcher.runningCalls.map { .call($0) }
            + containers.running.compactMap { container in
                container.session.map { .container(container, $0) }
            }
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
            return RunningContainer(
                kind: .call,
                id: call.id,
                function: call.limits.function,
                image: call.facts.image,
                container: call.session.containerName,
                startedAt: call.facts.startedAt,
                isStopping: !call.session.isUndisturbed,
                usage: await call.session.usage().map(RunningContainer.Usage.init)
            )
        case .container(let container, let session):
            var one = await describe(container.definition, session)
            one.ports = container.publishedPorts
            return one
        }
    }

    private static func describe(
        _ definition: StoredContainer,
        _ session: ContainerSession
    ) async -> RunningContainer {
        RunningContainer(
            kind: .container,
            id: definition.id,
            function: nil,
            image: definition.request.image,
            container: session.containerName,
            startedAt: definition.condition.startedAt ?? definition.createdAt,
            isStopping: !session.isUndisturbed,
            // The process of a paused slot answers nothing.
            usage: definition.condition.status == .paused
                ? nil : await session.usage().map(RunningContainer.Usage.init)
        )
    }

    private static func end(_ container: Container, _ request: EndRequest) async -> Bool {
        switch request {
        case .stop(let signal, let grace): return await container.stop(signal: signal, grace: grace)
        case .signal(let number):
            // It may have ended since it was found.
            do throws(ContainerError) { return try await container.kill(number) } catch { return true }
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

    /// Finds the container of one that runs, for a process that enters it.
    func target(_ name: String) -> ExecTarget.Found {
        let entries = entries
        switch RunningName.find(name, among: entries.map(\.name)) {
        case .none: return restingTarget(name)
        case .several(let count): return .ambiguous(count)
        case .one(let index):
            switch entries[index] {
            case .call(let call):
                let own = call.facts.command.command(port: nil).environment
                return .one(
                    ExecTarget(session: call.session, environment: own + ["MAYFLY_INVOCATION_ID=" + call.id])
                )
            case .container(let container, let session):
                return container.target(session)
            }
        }
    }

    /// A container of that name that has no processes: it can be copied from and to.
    private func restingTarget(_ name: String) -> ExecTarget.Found {
        do throws(ContainerError) {
            return .resting(try containers.find(name))
        } catch .ambiguous(_, let count) { return .ambiguous(count) } catch { return .unknown }
    }

    private static func end(_ entry: Entry, _ request: EndRequest) async -> Bool {
        let call: RunningInvocation
        switch entry {
        case .container(let container, _): return await end(container, request)
        case .call(let one): call = one
        }
        let session = call.session
        let own = ContainerSession.StopPolicy(signal: call.limits.stopSignal, grace: call.limits.grace)
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
