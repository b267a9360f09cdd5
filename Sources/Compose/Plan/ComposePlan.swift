// SPDX-License-Identifier: Apache-2.0
// From what there is to what the files say: ordered steps. Decisions only; faasctl performs the steps.

/// How `up` was asked for.
package struct UpOptions: Hashable, Sendable {
    /// When an existing container is replaced.
    package enum Recreation: Hashable, Sendable { case changed, always, never }

    /// Services of the command line; empty is all.
    package var services: [String] = []
    package var withDependencies = true
    package var recreation = Recreation.changed
    package var builds = false
    package var pullPolicy: PullPolicy?
    package var removesOrphans = false
    package var starts = true
    package var waits = false

    package init() {}
}

/// How an image gets there.
package enum ImageStep: Hashable, Sendable {
    /// Names of services.
    case build(String)
    case pull(String)
}

/// Plans the commands of a project.
package struct ComposePlan: Sendable {
    package let project: ComposeProject
    /// Dependencies first.
    private let order: [ComposeService]

    /// - Parameters:
    ///   - project: the project.
    ///   - order: of `project.startOrder()`.
    package init(project: ComposeProject, order: [ComposeService]) {
        self.project = project
        self.order = order
    }

    /// Dependents first.
    var reversedOrder: [ComposeService] { order.reversed() }

    /// Refuses names that are no services.
    package func check(_ names: [String]) throws(ComposePlanError) {
        for name in names where project[service: name] == nil {
            throw .unknownService(name, known: project.services.map(\.name))
        }
    }

    /// Builds and pulls before `up`.
    ///
    /// - Parameters:
    ///   - options: of the command line.
    ///   - present: images of the gateway by the names that services use.
    /// - Returns: builds and pulls, in order.
    /// - Throws: ``ComposePlanError`` for a service that the project does not have.
    package func images(_ options: UpOptions, present: Set<String>) throws(ComposePlanError) -> [ImageStep] {
        try check(options.services)
        let selected = project.selection(options.services, withDependencies: options.withDependencies)
        var steps: [ImageStep] = []
        var made: Set<String> = []
        for service in order where selected.contains(service.name) {
            let image = service.imageName(project: project.name)
            let policy = options.pullPolicy ?? service.pullPolicy ?? .missing
            let isMissing = !present.contains(image)
            guard !made.contains(image) else { continue }
            if service.build != nil {
                guard options.builds || policy == .build || isMissing else { continue }
                steps.append(.build(service.name))
            } else if policy == .always || (isMissing && policy != .never) {
                steps.append(.pull(service.name))
            } else if isMissing {
                throw .imageMissing(service: service.name, image: image)
            }
            made.insert(image)
        }
        return steps
    }

    /// The steps of `up` after the images are there: shared things, then containers, then their starts.
    ///
    /// Everything is created before anything is started, so that what cannot be created stops no service.
    ///
    /// - Parameters:
    ///   - options: of the command line.
    ///   - targets: what each selected service's containers are to be made of.
    ///   - state: what there is.
    /// - Returns: the steps, in order.
    /// - Throws: ``ComposePlanError`` for a service that the project does not have.
    package func up(
        _ options: UpOptions,
        targets: [String: ServiceTarget],
        state: ComposeState
    ) throws(ComposePlanError) -> [ComposeStep] {
        try check(options.services)
        let selected = project.selection(options.services, withDependencies: options.withDependencies)
        let services = order.filter { selected.contains($0.name) }
        var steps = try shared(services, state: state)
        if options.removesOrphans { steps += removal(of: orphans(in: state)) }
        var replaced: Set<String> = []
        var fresh: Set<String> = []
        for service in services where service.function == nil {
            let existing = state.containers(of: service.name)
            let isChosen = options.services.isEmpty || options.services.contains(service.name)
            let isKept = keeps(existing.first, targets[service.name], options, isChosen: isChosen)
            steps += removal(of: isKept ? Array(existing.dropFirst()) : existing)
            guard !isKept else { continue }
            steps.append(.create(service.name))
            fresh.insert(service.name)
            if !existing.isEmpty { replaced.insert(service.name) }
        }
        guard options.starts else { return steps }
        for service in services {
            steps += start(
                service,
                options,
                state: state,
                isFresh: fresh.contains(service.name),
                replaced: replaced
            )
        }
        if options.waits {
            steps += services.filter { $0.function == nil }.map { .waitUntilUp($0.name) }
        }
        return steps
    }

    private func start(
        _ service: ComposeService,
        _ options: UpOptions,
        state: ComposeState,
        isFresh: Bool,
        replaced: Set<String>
    ) -> [ComposeStep] {
        var steps: [ComposeStep] = []
        let current = isFresh ? nil : state.containers(of: service.name).first
        let isRunning = current?.isRunning ?? false
        let follows = service.dependencies.contains { $0.restarts && replaced.contains($0.service) }
        guard !isRunning || follows || service.function != nil else { return [] }
        if options.withDependencies {
            for dependency in service.dependencies where dependency.condition != .started {
                steps.append(
                    .wait(dependency.service, dependency.condition, isRequired: dependency.isRequired)
                )
            }
        }
        if service.function != nil { return steps + [.deploy(service.name)] }
        if isRunning, let current { steps.append(.stop(current)) }
        return steps + [.start(service.name)]
    }

    private func keeps(
        _ existing: ObservedContainer?,
        _ target: ServiceTarget?,
        _ options: UpOptions,
        isChosen: Bool
    ) -> Bool {
        guard let existing else { return false }
        switch options.recreation {
        case .never: return true
        case .always where isChosen: return false
        case .always, .changed:
            return existing.configHash == target?.configHash && existing.image == target?.image
        }
    }

    /// Networks and volumes of some services that are not there.
    package func shared(_ services: [ComposeService], state: ComposeState) throws(ComposePlanError)
        -> [ComposeStep]
    {
        var steps: [ComposeStep] = []
        let networks = Set(services.flatMap { $0.networks.map(\.network) })
        for network in project.networks
        where networks.contains(network.key) && !state.networks.contains(network.name) {
            guard !network.isExternal else { throw .externalMissing(kind: "network", name: network.name) }
            steps.append(.createNetwork(network.key))
        }
        let volumes = Set(services.flatMap { $0.mounts.compactMap(\.volumeKey) })
        for volume in project.volumes
        where volumes.contains(volume.key) && !state.volumes.contains(volume.name) {
            guard !volume.isExternal else { throw .externalMissing(kind: "volume", name: volume.name) }
            steps.append(.createVolume(volume.key))
        }
        return steps
    }

    /// Containers whose services the files do not have any more.
    package func orphans(in state: ComposeState) -> [ObservedContainer] {
        let known = Set((project.services + project.disabled).map(\.name))
        return state.containers.filter { !known.contains($0.service) }
    }

    private func removal(of containers: [ObservedContainer]) -> [ComposeStep] {
        containers.flatMap { container -> [ComposeStep] in
            container.isRunning ? [.stop(container), .remove(container)] : [.remove(container)]
        }
    }
}
