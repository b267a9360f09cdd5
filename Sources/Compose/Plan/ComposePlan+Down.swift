// SPDX-License-Identifier: Apache-2.0
// Plans of commands that stop, start and remove what there is.

/// How `down` was asked for.
package struct DownOptions: Hashable, Sendable {
    package var services: [String] = []
    package var removesVolumes = false
    package var removesLocalImages = false
    package var removesOrphans = false

    package init() {}
}

extension ComposePlan {
    /// The steps of `down`: dependents first; networks and volumes when no container uses them any more.
    package func down(_ options: DownOptions, state: ComposeState) throws(ComposePlanError) -> [ComposeStep] {
        try check(options.services)
        let isWhole = options.services.isEmpty
        let services = reversedOrder.filter { isWhole || options.services.contains($0.name) }
        let names = Set(services.map(\.name))
        var steps: [ComposeStep] = services.filter { $0.function != nil }.map { .removeFunction($0.name) }
        var containers = state.containers.filter { names.contains($0.service) }
        let positions = Dictionary(uniqueKeysWithValues: services.enumerated().map { ($1.name, $0) })
        containers.sort { left, right in
            let (a, b) = (positions[left.service] ?? 0, positions[right.service] ?? 0)
            return (a, left.number, left.name) < (b, right.number, right.name)
        }
        if isWhole {
            let disabled = Set(project.disabled.map(\.name))
            containers += state.containers.filter { disabled.contains($0.service) }
            if options.removesOrphans { containers += orphans(in: state) }
        }
        steps += containers.filter(\.isRunning).map { .stop($0) }
        steps += containers.map { .remove($0) }
        guard isWhole else { return steps }
        steps += project.networks.filter { !$0.isExternal && state.networks.contains($0.name) }
            .map { .removeNetwork($0.name) }
        if options.removesVolumes {
            steps += project.volumes.filter { !$0.isExternal && state.volumes.contains($0.name) }
                .map { .removeVolume($0.name) }
        }
        if options.removesLocalImages {
            steps += services.filter { $0.build != nil && $0.image == nil }
                .map { .removeImage($0.imageName(project: project.name)) }
        }
        return steps
    }

    /// The steps before `run`: what the service depends on as `up` starts it, and what the service shares.
    package func dependencies(
        of name: String,
        _ options: UpOptions,
        targets: [String: ServiceTarget],
        state: ComposeState
    ) throws(ComposePlanError) -> [ComposeStep] {
        try check([name])
        guard let service = project[service: name] else { return [] }
        var steps = try shared([service], state: state)
        guard options.withDependencies, !service.dependencies.isEmpty else { return steps }
        var inner = options
        inner.services = service.dependencies.map(\.service)
        steps += try up(inner, targets: targets, state: state).filter { !steps.contains($0) }
        for dependency in service.dependencies where dependency.condition != .started {
            steps.append(.wait(dependency.service, dependency.condition, isRequired: dependency.isRequired))
        }
        return steps
    }

    /// The containers of some services, dependencies first or last.
    package func containers(
        of names: [String],
        dependenciesFirst: Bool,
        state: ComposeState
    ) throws(ComposePlanError) -> [ObservedContainer] {
        try check(names)
        let services = dependenciesFirst ? reversedOrder.reversed() : reversedOrder
        return services.filter { names.isEmpty || names.contains($0.name) }.flatMap {
            state.containers(of: $0.name)
        }
    }
}
