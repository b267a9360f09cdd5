// SPDX-License-Identifier: Apache-2.0
// Runs a command or a piece of code in a fresh container, without a deploy. Engine owns one; Gateway's RunAPI calls it.

import Contracts
package import FoundationEssentials
package import FunctionModel
import HTTPTypes
import ImageStore
import NIOCore
import OCI
import Sandbox

/// The door of POST /v1/run; a protocol so that the edge's tests need no container.
package protocol RunService: Sendable {
    /// Runs one request to its end.
    ///
    /// The run is killed at once when the task is cancelled, and recorded as cancelled.
    ///
    /// - Parameters:
    ///   - planning: the request, which was checked.
    ///   - id: of its record.
    ///   - arrivedAt: for the record.
    ///   - capture: gets its output; streams it where it was made for that.
    /// - Returns: how it ended, with its output and files.
    /// - Throws: ``RunRefusal`` when the command was not executed.
    func run(_ planning: RunPlanning, id: String, arrivedAt: Date, _ capture: RunCapture)
        async throws(RunRefusal) -> RunAnswer
}

/// Runs of this gateway.
final class CodeRunner: RunService {
    /// What the container is called inside.
    static let hostName = "run"
    /// Between the stop signal and SIGKILL after a timeout.
    static let grace = TimeSpan.seconds(2)

    private let images: ImageStore
    private let names: RunImages
    private let dispatcher: Dispatcher
    private let pools: RunPools
    private let offer: @Sendable () -> HostOffer

    init(
        _ images: ImageStore,
        _ names: RunImages,
        _ dispatcher: Dispatcher,
        _ pools: RunPools,
        _ offer: @escaping @Sendable () -> HostOffer
    ) {
        self.images = images
        self.names = names
        self.dispatcher = dispatcher
        self.pools = pools
        self.offer = offer
    }

    /// See ``RunService``.
    func run(_ planning: RunPlanning, id: String, arrivedAt: Date, _ capture: RunCapture)
        async throws(RunRefusal) -> RunAnswer
    {
        let arrived = ContinuousClock.now
        let request = planning.request
        let configuration = configuration(request)
        if request.network == .egress { try checkNetwork(configuration) }
        let image = try await image(planning.image, request.user)
        let plan = try plan(image, request, planning)
        let revision = Revision(
            function: .runs,
            number: 0,
            imageReference: planning.image,
            imageDigest: image.digest,
            configuration: configuration,
            createdAt: arrivedAt
        )
        let call = Call(request: Self.request(request, id, arrivedAt), revision: revision, arrived: arrived)
        guard let pool = pools.begin(plan.sandbox, image, PoolSettings(configuration)) else {
            throw .call(dispatcher.refused(call, .busy(retryAfterSeconds: Dispatcher.retryAfterSeconds)))
        }
        defer { pools.ended(plan.sandbox) }
        let job = RunJob(
            call: call,
            target: Self.target(revision, plan, pool, image.stopSignal),
            folder: plan.sandbox.workingDirectory,
            files: planning.files,
            returnedFiles: request.returnedFiles
        )
        let answer = try await dispatcher.run(job, capture)
        withExtendedLifetime(image) {}
        return answer
    }

    // MARK: Image and plan

    private func image(_ name: String, _ user: String?) async throws(RunRefusal) -> RunImage {
        let reference = names.reference(name)
        do throws(ImageError) {
            let digest = try await images.currentDigest(of: reference)
            if let kept = pools.image(RunPools.ImageKey(digest: digest, user: user)) { return kept }
            // No revision says that the image is needed while a run uses it.
            let hold = images.hold()
            let found = try await images.resolve(reference)
            let image = RunImage(
                digest: found.digest,
                container: try await images.container(of: found, user: user),
                stopSignal: StopSignal.number(found.execution.stopSignal),
                hold: hold
            )
            // Of what was found: the name may mean another image by now.
            pools.keep(image, as: RunPools.ImageKey(digest: found.digest, user: user))
            return image
        } catch .unknownImage {
            throw .unknownImage(name: name, reference: reference, names: names.references.keys.sorted())
        } catch .unknownUser, .userOutOfRange {
            let expected = "a user of the image, or a number up to \(ContainerUser.idMax)"
            throw .mistake(.invalid(ModelError(field: "user", value: user ?? "", expected: expected)))
        } catch {
            throw .image(error)
        }
    }

    private func plan(
        _ image: RunImage,
        _ request: RunRequest,
        _ planning: RunPlanning
    ) throws(RunRefusal) -> ContainerPlan {
        var overrides = ContainerOverrides(hostname: Self.hostName)
        if let command = planning.command {
            overrides.entrypoint = []
            overrides.command = command
        }
        overrides.environment = request.environment
        overrides.workingDirectory = request.workingDirectory
        overrides.network = request.network
        overrides.limits = request.limits
        // Of no effect in a container: runs that differ in it alone share a pool.
        overrides.limits.output = Limits().output
        do throws(ContainerPlanError) {
            return try ContainerPlanner.plan(image.container, overrides)
        } catch {
            let expected = "a command, since the image has none"
            throw .mistake(.invalid(ModelError(field: "command", value: "", expected: expected)))
        }
    }

    private func checkNetwork(_ configuration: FunctionConfiguration) throws(RunRefusal) {
        do throws(ModelError) { try offer().checkFeatures(configuration) } catch {
            throw .mistake(.invalid(error))
        }
    }

    private func configuration(_ request: RunRequest) -> FunctionConfiguration {
        var configuration = FunctionConfiguration()
        configuration.limits = request.limits
        configuration.timeout = request.timeout
        configuration.grace = Self.grace
        configuration.network = request.network
        return configuration
    }

    // MARK: Values

    private static func request(_ request: RunRequest, _ id: String, _ arrivedAt: Date) -> InvocationRequest {
        let head = RequestHead(method: .post, target: "/v1/run", scriptName: "/v1/run", callID: id)
        let input = request.input.map { ByteBuffer(string: $0) }
        return InvocationRequest(
            trigger: .run,
            head: head,
            body: input.map { .whole($0) } ?? .none,
            arrivedAt: arrivedAt
        )
    }

    private static func target(
        _ revision: Revision,
        _ plan: ContainerPlan,
        _ pool: PoolNumber,
        _ stopSignal: Int32
    ) -> LiveFunction {
        let command = FunctionCommand(plan, of: revision)
        let configuration = revision.configuration
        return LiveFunction(
            revision: revision,
            pool: pool,
            command: command,
            contract: ContractAdapter(configuration, program: command.program),
            limits: InvocationLimits(
                function: revision.function,
                revision: revision.number,
                program: command.program,
                timeout: configuration.timeout.duration,
                grace: configuration.grace.duration,
                outputMax: configuration.limits.output.bytes,
                stopSignal: stopSignal
            )
        )
    }
}
