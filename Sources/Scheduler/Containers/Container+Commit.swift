// SPDX-License-Identifier: Apache-2.0
// A container's writable layer: what it changed, and an image made of it. Gateway asks.

import FoundationEssentials
package import FunctionModel
import FunctionStore
package import ImageBuilder
import ImageStore
import OCI
import Sandbox
import Synchronization

/// The options of a commit.
package struct CommitRequest: Hashable, Sendable {
    /// The image's name; nil for an image without one.
    package var reference: String?
    package var message: String?
    package var author: String?
    /// Dockerfile instructions that change the image's configuration.
    package var changes: [String] = []
    /// Whether a running container is paused meanwhile.
    package var pauses = true

    package init() {}
}

/// The image of a commit.
package struct CommittedImage: Hashable, Sendable {
    /// The manifest's.
    package var digest: Digest
    /// The configuration's digest.
    package var id: Digest
    /// Normalised.
    package var reference: String?
}

extension Container {
    /// What its writable layer changes of its image, by path; of a running container as far as it is there now.
    ///
    /// - Throws: ``ContainerError``.
    package func differences() async throws(ContainerError) -> [LayerDifference] {
        try await reading { layer, image async throws(ContainerError) in
            guard let layer else { return [] }
            return try await Self.blocking { stop throws(StepFailure) in try layer.differences(stop) }
        }
    }

    /// Makes an image of its files and its settings; several at once take turns.
    ///
    /// - Returns: the image.
    /// - Throws: ``ContainerError``; no image is made then.
    package func commit(_ request: CommitRequest) async throws(ContainerError) -> CommittedImage {
        var configuration = ImageConfiguration.Execution()
        try Self.check(request)
        // Before anything is paused or written.
        _ = try Self.execution(configuration, request.changes)
        await commits.take()
        defer { commits.end() }
        let isPaused = request.pauses && status == .running
        if isPaused { try await pause() }
        let result: Result<CommittedImage, ContainerError>
        do throws(ContainerError) {
            result = .success(
                try await reading { layer, image async throws(ContainerError) in
                    configuration = try Self.execution(self.execution(above: image), request.changes)
                    return try await self.commit(layer, image, configuration, request)
                }
            )
        } catch {
            result = .failure(error)
        }
        // A person may have let it go on, or ended it.
        if isPaused, status == .paused { try? await unpause() }
        return try result.get()
    }

    // MARK: The layer

    /// Keeps the layer and the image while they are read; a layer of a container that rests keeps it at rest.
    private func reading<Value: Sendable>(
        _ body: (ContainerLayer?, Image) async throws(ContainerError) -> Value
    ) async throws(ContainerError) -> Value {
        guard keepsLayer || definition.request.readOnlyRoot else {
            throw .conflict(
                "container \(name) has its writable layer in memory (--rm); 'faasctl cp' copies its files while it runs"
            )
        }
        let isResting: Bool
        switch storage.withLock({ $0.life.copyRequested() }) {
        case .begin: isResting = true
        case .isActive: isResting = false
        case .isCopying: throw .conflict("files of container \(name) are being copied already; try again")
        case .isRemoved: throw .unknown(id)
        }
        let hold = rooms.images.hold()
        defer {
            withExtendedLifetime(hold) {}
            if isResting { endCopy() }
        }
        let definition = definition
        let image: Image
        var layer: ContainerLayer?
        do throws(ImageError) {
            image = try await rooms.images.image(digest: definition.imageDigest)
            if keepsLayer, definition.condition.startedAt != nil {
                layer = ContainerLayer(
                    rootfs: try await rooms.images.rootfs(for: definition.imageDigest),
                    changes: rooms.folders.changes(of: id),
                    mounts: definition.request.extraHosts.isEmpty ? [] : ["/etc/hosts"],
                    trees: rooms.folders.trees
                )
            }
        } catch {
            throw .image(error)
        }
        return try await body(layer, image)
    }

    private static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable (StopFlag) throws(StepFailure) -> Value
    ) async throws(ContainerError) -> Value {
        do throws(StepFailure) {
            return try await BlockingWork.cancellable { stop throws(StepFailure) in try body(stop) }
        } catch {
            switch error {
            case .image(let error): throw .image(error)
            case .cancelled: throw .unavailable("the request was cancelled")
            default: throw .conflict("\(error)")
            }
        }
    }

    // MARK: The image

    private static func check(_ request: CommitRequest) throws(ContainerError) {
        guard let text = request.reference else { return }
        do throws(OCIError) { _ = try ImageReference(text) } catch {
            throw .invalid(ModelError(field: "reference", value: text, expected: "a name of an image"))
        }
    }

    /// The image's settings after Dockerfile instructions.
    private static func execution(
        _ execution: ImageConfiguration.Execution,
        _ changes: [String]
    ) throws(ContainerError) -> ImageConfiguration.Execution {
        do throws(ImageError) { return try ImportChanges.execution(changes, on: execution) } catch {
            throw .image(error)
        }
    }

    /// The settings that it runs with: those of its image, and what its request replaced.
    private func execution(above image: Image) -> ImageConfiguration.Execution {
        let request = definition.request
        var execution = image.execution
        execution.onBuild = nil
        if let entrypoint = request.entrypoint {
            let words = entrypoint.filter { !$0.isEmpty }
            execution.entrypoint = words.isEmpty ? nil : words
            execution.command = nil
        }
        if let command = request.command { execution.command = command }
        if !request.environment.isEmpty {
            let own = ContainerPlanner.variables(request.environment)
            let kept = (execution.environment ?? []).filter { own[String($0.prefix { $0 != "=" })] == nil }
            execution.environment = kept + own.map { "\($0.key)=\($0.value)" }.sorted()
        }
        execution.workingDirectory = request.workingDirectory ?? execution.workingDirectory
        execution.user = request.user ?? execution.user
        execution.stopSignal = request.stopSignal ?? execution.stopSignal
        if !request.labels.isEmpty {
            execution.labels = (execution.labels ?? [:]).merging(request.labels) { $1 }
        }
        for port in request.ports {
            let name = "\(port.containerPort)/\(port.transport.rawValue)"
            execution.exposedPorts = (execution.exposedPorts ?? [:]).merging([name: EmptyObject()]) { $1 }
        }
        return execution
    }

    private func commit(
        _ layer: ContainerLayer?,
        _ image: Image,
        _ execution: ImageConfiguration.Execution,
        _ request: CommitRequest
    ) async throws(ContainerError) -> CommittedImage {
        let images = rooms.images
        let added = try await Self.blocking { stop throws(StepFailure) in
            try layer?.write(to: images.blobs, stop)
        }
        var configuration = image.configuration
        configuration.config = execution
        configuration.created = Date().formatted(.iso8601)
        configuration.author = request.author ?? configuration.author
        var step = ImageConfiguration.HistoryEntry(
            created: configuration.created,
            createdBy: command.joined(separator: " "),
            emptyLayer: added == nil ? true : nil
        )
        step.comment = request.message
        step.author = request.author
        configuration.history = (configuration.history ?? []) + [step]
        configuration.rootfs.diffIDs += added.map { [$0.digest] } ?? []
        do throws(ImageError) {
            let digest = try await images.commit(
                layers: image.layers + (added.map { [$0] } ?? []),
                configuration: configuration,
                reference: request.reference
            )
            rooms.events.tell(.commit, definition)
            let made = try await images.image(digest: digest)
            return CommittedImage(digest: digest, id: made.configurationDigest, reference: request.reference)
        } catch {
            throw .image(error)
        }
    }
}
