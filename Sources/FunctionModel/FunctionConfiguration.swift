// SPDX-License-Identifier: Apache-2.0
// The configuration of a function besides its name and image. Its coded form is that of function.yaml.

/// How a function runs; with an image digest it makes a revision.
package struct FunctionConfiguration: Hashable, Sendable {
    package var routes: [Route] = []
    package var contract: Contract = .stdio
    /// Where an `http` function's server listens; nil means the image's single EXPOSEd port, else 8080.
    package var port: Int?
    /// Asked with GET until it answers 200 to 399; nil: an `http` function is ready when it accepts a connection.
    package var readyPath: String?
    /// Whether a `stdio` function's program is started before its request; it waits on standard input.
    package var prestart = false
    /// Requests that one sandbox of an `http` function may serve, one after the other.
    package var reuse = 1
    /// Whether each sandbox may be a copy of one process that has started and waits for its request.
    package var template = false
    package var environment: [String: String] = [:]
    package var secrets: [String] = []
    package var limits = Limits()
    /// Resources that the host must have for a deploy to be accepted; at most the limits.
    package var requests = ResourceRequests()
    /// Conditions on the host for a deploy to be accepted, in OpenFaaS's syntax.
    package var constraints: [String] = []
    /// Wall time of one invocation, then the stop signal.
    package var timeout: TimeSpan = .seconds(60)
    /// Time between the stop signal and SIGKILL.
    package var grace: TimeSpan = .seconds(2)
    /// Sandboxes of this function at once.
    package var concurrency: Int = 16
    package var queue = QueueConfiguration()
    package var warm = WarmConfiguration()
    package var network: NetworkMode = .none
    /// Private destinations (CIDR) that an egress function may reach nevertheless.
    package var egressAllow: [String] = []
    /// Containers that it reaches, `CONTAINER` or `CONTAINER:NAME` each.
    package var uses: [String] = []
    package var readOnlyRootFilesystem = false
    package var schedules: [ScheduleConfiguration] = []
    package var asynchronous = AsyncConfiguration()
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    /// Replaces the image's CMD; nil keeps it.
    package var command: [String]?
    /// Content-Type of a `stdio` answer; nil means application/octet-stream.
    package var contentType: String?
    package var exposeErrors = false
    /// Commit headers at the first byte of output.
    package var stream = false
    package var authentication: FunctionAuthentication = .none
    /// Pages of other origins that may read its answers; nil: none.
    package var cors: CORSConfiguration?
    /// How often it may be called; nil: as often as it has room.
    package var rate: RateConfiguration?
    /// Capabilities kept, from Docker's default set; none by default.
    package var capabilities: [String] = []

    package init() {}

    /// Every secret that it needs: those of its sandboxes, and the key of its signatures.
    package var usedSecrets: [String] { secrets + [authentication.secret].compactMap { $0 } }

    /// Whether a sandbox's program runs before its request is known.
    package var startsAhead: Bool { prestart || contract == .http || contract == .lambda }
}

extension FunctionConfiguration: Codable {
    package enum CodingKeys: String, CodingKey, CaseIterable {
        case routes, contract, port
        case readyPath = "ready_path"
        case prestart, reuse, template, environment, secrets, limits, requests, constraints, timeout, grace,
            concurrency, queue, warm, network
        case egressAllow = "egress_allow"
        case readOnlyRootFilesystem = "readonly_root_filesystem"
        case schedules
        case asynchronous = "async"
        case labels, annotations, command
        case contentType = "content_type"
        case exposeErrors = "expose_errors"
        case stream
        case authentication = "auth"
        case cors, rate, capabilities, uses
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(_ key: CodingKeys, _ absent: Value) throws -> Value {
            try values.decodeIfPresent(Value.self, forKey: key) ?? absent
        }
        routes = try read(.routes, routes)
        contract = try read(.contract, contract)
        port = try values.decodeIfPresent(Int.self, forKey: .port)
        readyPath = try values.decodeIfPresent(String.self, forKey: .readyPath)
        prestart = try read(.prestart, prestart)
        reuse = try read(.reuse, reuse)
        template = try read(.template, template)
        environment = try read(.environment, environment)
        secrets = try read(.secrets, secrets)
        limits = try read(.limits, limits)
        requests = try read(.requests, requests)
        constraints = try read(.constraints, constraints)
        timeout = try read(.timeout, timeout)
        grace = try read(.grace, grace)
        concurrency = try read(.concurrency, concurrency)
        queue = try read(.queue, queue)
        warm = try read(.warm, warm)
        network = try read(.network, network)
        egressAllow = try read(.egressAllow, egressAllow)
        readOnlyRootFilesystem = try read(.readOnlyRootFilesystem, readOnlyRootFilesystem)
        schedules = try read(.schedules, schedules)
        asynchronous = try read(.asynchronous, asynchronous)
        labels = try read(.labels, labels)
        annotations = try read(.annotations, annotations)
        command = try values.decodeIfPresent([String].self, forKey: .command)
        contentType = try values.decodeIfPresent(String.self, forKey: .contentType)
        exposeErrors = try read(.exposeErrors, exposeErrors)
        stream = try read(.stream, stream)
        authentication = try read(.authentication, authentication)
        cors = try values.decodeIfPresent(CORSConfiguration.self, forKey: .cors)
        rate = try values.decodeIfPresent(RateConfiguration.self, forKey: .rate)
        capabilities = try read(.capabilities, capabilities)
        uses = try read(.uses, uses)
    }
}
