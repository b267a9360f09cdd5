// SPDX-License-Identifier: Apache-2.0
// One build from its request to its image. ImageBuilder starts it; the extensions execute steps.

import OCI
import ImageStore
import Foundation
import FunctionModel

/// A running build.
///
/// Used by one task.
struct BuildRun {
    let builder: ImageBuilder
    let request: BuildRequest
    let context: BuildContext
    let plan: BuildPlan
    /// Dates of what the build makes.
    let dates: BuildDates
    /// Fetches base images that are not in the store; nil leaves them missing.
    let bases: (any BaseImageSource)?
    let events: @Sendable (BuildEvent) -> Void
    let cancellation: CancellationFlag
    /// Finished stages by their index in the Dockerfile.
    private(set) var finished: [Int: StageState] = [:]

    init(
        _ builder: ImageBuilder,
        _ request: BuildRequest,
        _ bases: (any BaseImageSource)?,
        cancellation: CancellationFlag,
        events: @escaping @Sendable (BuildEvent) -> Void
    ) async throws(BuildError) {
        self.builder = builder
        self.request = request
        self.bases = bases
        self.events = events
        self.cancellation = cancellation
        let host = builder.store.host
        (context, plan) = try await BlockingWork.run { () throws(BuildError) in
            let context = try BuildContext(request)
            return (context, try BuildPlan(context.dockerfile, request: request, host: host))
        }
        dates = try BuildDates(request.buildArguments, now: builder.clock())
        try Self.check(tag: request.tag)
    }

    /// Refuses an invalid name before the build begins.
    private static func check(tag: String?) throws(BuildError) {
        guard let tag else { return }
        do throws(OCIError) { _ = try ImageReference(tag) } catch { throw .store(.invalid(error)) }
    }

    /// Builds every stage of the plan and stores the last.
    mutating func run() async throws(BuildError) -> Digest {
        let lease = builder.store.blobs.lease()
        defer { withExtendedLifetime(lease) {} }
        for warning in context.dockerfile.warnings {
            events(.warning(line: warning.line, text: warning.text))
        }
        for stage in plan.stages { finished[stage.index] = try await build(stage) }
        warnOfUnusedArguments()
        guard let last = plan.stages.last, let state = finished[last.index] else {
            throw .unknownTarget(request.target ?? "", stages: [])
        }
        let digest: Digest
        do throws(ImageError) {
            digest = try await builder.store.commit(
                layers: state.layers.map(\.descriptor),
                configuration: state.configuration(),
                reference: request.tag
            )
        } catch {
            throw .store(error)
        }
        events(.built(digest: digest))
        return digest
    }

    private func warnOfUnusedArguments() {
        var known = BuildPlan.proxyArguments.union(["SOURCE_DATE_EPOCH"])
        known.formUnion(context.dockerfile.globalArguments.map(\.name))
        for state in finished.values { known.formUnion(state.draft.consumedArguments) }
        for name in request.buildArguments.keys.sorted() where !known.contains(name) {
            events(.warning(line: nil, text: "build argument '\(name)' was not used: no ARG declares it"))
        }
    }

    // MARK: Stages

    private func build(_ planned: PlannedStage) async throws(BuildError) -> StageState {
        let stage = planned.stage
        let total = stage.steps.count + 1
        events(.stepStarted(stage: planned.label, step: 1, total: total, instruction: stage.text))
        var state: StageState
        var triggers: [Step]
        do throws(StepFailure) {
            (state, triggers) = try await begin(planned)
        } catch {
            throw failure(error, line: stage.line, instruction: stage.text)
        }
        events(.stepDone(layer: nil))
        // Errors of triggers name the line of their FROM.
        for index in triggers.indices { triggers[index].line = stage.line }
        let steps = triggers + stage.steps
        for (index, step) in steps.enumerated() {
            let event = BuildEvent.stepStarted(
                stage: planned.label,
                step: index + 2,
                total: steps.count + 1,
                instruction: step.text
            )
            events(event)
            do throws(StepFailure) {
                try await execute(step, in: planned.index, &state)
            } catch {
                throw failure(error, line: step.line, instruction: step.text)
            }
        }
        return state
    }

    private func failure(_ failure: StepFailure, line: Int, instruction: String) -> BuildError {
        if failure == .cancelled { return .cancelled }
        let location = DockerfileLocation(file: context.dockerfile.file, line: line)
        if case .argument(let text, let expected) = failure {
            return .syntax(DockerfileError(location: location, text: text, expected: expected))
        }
        let limit = DockerfileError.textLimit
        let text = instruction.count > limit ? instruction.prefix(limit) + "…" : instruction
        return .step(location, instruction: text, failure)
    }

    /// The state after FROM, and the base's ONBUILD instructions, which are executed first.
    private func begin(_ planned: PlannedStage) async throws(StepFailure) -> (StageState, [Step]) {
        let escape = context.dockerfile.directives.escape
        let platform = try platform(of: planned)
        var draft = StageDraft(escape: escape)
        var state: StageState
        var triggers: [String] = []
        switch planned.base {
        case .scratch:
            draft.beginEmpty()
            let key = CacheKey.chained(nil, ["scratch", platform.description, dates.keyPart])
            state = StageState(draft: draft, key: key, platform: platform)
        case .stage(let index):
            guard let base = finished[index] else { throw .unknownStage(planned.stage.base) }
            triggers = base.draft.execution.onBuild ?? []
            state = base
            state.draft.begin(upon: base.draft)
        case .image(let reference):
            let image = try await self.image(reference, platform: platform)
            triggers = image.execution.onBuild ?? []
            draft.begin(upon: image.configuration)
            let key = CacheKey.chained(nil, ["image", image.configurationDigest.hex, dates.keyPart])
            state = StageState(draft: draft, key: key, platform: image.platform)
            state.baseImage = image.digest
            state.layers = zip(image.layers, image.configuration.rootfs.diffIDs).map(StageLayer.init)
            state.unpackedLayers = state.layers.count
            state.baseLayers = state.layers.count
        }
        var steps: [Step] = []
        for text in triggers {
            do throws(SyntaxFailure) {
                steps.append(try Dockerfile.trigger(text, escape: escape))
            } catch {
                throw .argument(text: "ONBUILD " + error.text, expected: error.expected)
            }
        }
        return (state, steps)
    }

    private func platform(of planned: PlannedStage) throws(StepFailure) -> Platform {
        guard let text = planned.platform ?? request.platform else { return builder.store.host }
        guard let platform = Platform(text) else {
            throw .argument(text: "--platform=\(text)", expected: "os/architecture[/variant]")
        }
        return platform
    }

    /// An image of the store; pulled when it is absent.
    func image(_ reference: String, platform: Platform) async throws(StepFailure) -> Image {
        let image: Image
        do throws(ImageError) {
            image = try await builder.store.resolve(reference)
        } catch .unknownImage {
            image = try await pull(reference, platform: platform)
        } catch {
            throw .image(error)
        }
        guard image.platform.fitness(on: platform) != nil else {
            let own = image.platform.description
            throw .image(.wrongPlatform(reference: reference, image: own, host: platform.description))
        }
        return image
    }

    private func pull(_ reference: String, platform: Platform) async throws(StepFailure) -> Image {
        guard let bases else { throw .image(.unknownImage(reference)) }
        events(.output("pulling \(reference)"))
        let events = events
        do throws(BaseImageFailure) {
            let isHost = platform == builder.store.host
            return try await bases.fetch(
                reference,
                platform: isHost ? nil : platform,
                into: builder.store,
                progress: { events(.output($0)) }
            )
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .failed(let reason): throw .pull(reason: reason)
            }
        }
    }
}
