// SPDX-License-Identifier: Apache-2.0
// Waits for conditions of services: `depends_on` and `up --wait`.

import Compose
import Foundation
import FunctionModel
import GatewayAPI

/// Asks the gateway until a condition holds or cannot hold any more.
struct ComposeWait {
    let session: ComposeSession

    /// Between two questions: shorter than people notice, and 1 % of a gateway's capacity with a hundred waiters.
    private static let pause = Duration.milliseconds(250)
    /// A service that has not come up after an hour has a check that never succeeds.
    private static let timeMax = Duration.seconds(3600)

    /// What the state of a container says about a condition.
    enum Verdict: Hashable {
        case holds
        case pending
        case fails(String)
    }

    /// Waits on behalf of a dependent service.
    func until(_ name: String, _ condition: ComposeDependency.Condition, isRequired: Bool) async throws {
        do {
            try await wait(for: name) { Self.verdict($0, condition) }
        } catch let failure as CommandFailure where !isRequired {
            session.global.remark("faasctl: \(failure); the dependency is not required")
        }
    }

    /// Waits until a service runs, and is healthy where it has a health check.
    func untilUp(_ name: String) async throws {
        try await wait(for: name) { body in
            let started = Self.verdict(body, .started)
            guard started == .holds, body.state.health != nil else { return started }
            return Self.verdict(body, .healthy)
        }
    }

    private func wait(for name: String, _ verdict: (ContainerBody) -> Verdict) async throws {
        let what = "the service '\(name)' did not come up"
        guard let service = session.project[service: name] else { return }
        let container = service.containerName(project: session.project.name, number: 1)
        let request = GatewayRequest("GET", APIPattern.container.path(container))
        let start = ContinuousClock.now
        while ContinuousClock.now - start < Self.timeMax {
            let body = try await session.client.value(
                ContainerBody.self,
                request,
                "cannot look at '\(container)'"
            )
            switch verdict(body) {
            case .holds: return
            case .fails(let reason):
                throw CommandFailure(what, why: reason, next: "see 'faasctl logs \(container)'")
            case .pending: try await Task.sleep(for: Self.pause)
            }
        }
        throw CommandFailure(what, why: "it is not up after an hour")
    }

    /// The decision for one look at a container.
    static func verdict(_ body: ContainerBody, _ condition: ComposeDependency.Condition) -> Verdict {
        let state = body.state
        let ended =
            "it ended with exit code \(state.exitCode)" + (state.error.isEmpty ? "" : ": \(state.error)")
        switch condition {
        case .started:
            if state.status.isActive { return .holds }
            return state.status == .created ? .pending : .fails(ended)
        case .completed:
            if state.status.isActive || state.status == .created { return .pending }
            return state.exitCode == 0 ? .holds : .fails(ended)
        case .healthy:
            guard state.status.isActive else { return state.status == .created ? .pending : .fails(ended) }
            // Between two runs nothing is known of it.
            if state.status == .restarting { return .pending }
            switch state.health?.status {
            case .healthy: return .holds
            case .starting: return .pending
            case .unhealthy: return .fails("it is unhealthy")
            case nil: return .fails("it has no health check")
            }
        }
    }
}
