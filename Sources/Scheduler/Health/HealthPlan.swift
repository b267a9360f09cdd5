// SPDX-License-Identifier: Apache-2.0
// The health check of one container, made of what its image says and what its caller says instead. Pure.

import FunctionModel
import OCI

/// What is executed in a container to learn whether it is well, and how often.
struct HealthPlan: Hashable, Sendable {
    static let intervalDefault = Duration.seconds(30)
    static let timeoutDefault = Duration.seconds(30)
    static let startIntervalDefault = Duration.seconds(5)
    static let retriesDefault = 3
    /// Shortest pause and time that an image may ask for: each check costs the gateway, and images are foreign.
    static let imageSpanMin = Duration.seconds(1)
    /// Where the image names no shell.
    static let shellDefault = ["/bin/sh", "-c"]

    var command: [String]
    var interval = intervalDefault
    var timeout = timeoutDefault
    var startPeriod = Duration.zero
    var startInterval = startIntervalDefault
    var retries = retriesDefault

    init(command: [String]) { self.command = command }

    /// Joins both; the caller's part takes precedence, key by key; nil without a check.
    ///
    /// - Parameters:
    ///   - request: the caller's.
    ///   - image: the image's configuration.
    init?(_ request: ContainerHealthcheck?, image: ImageConfiguration.Execution) {
        let own = image.healthcheck
        guard let test = request?.test ?? own?.test,
            let command = Self.command(test, shell: image.shell ?? Self.shellDefault)
        else { return nil }
        self.command = command
        func span(_ given: TimeSpan?, _ nanoseconds: Int?, _ other: Duration) -> Duration {
            if let given, given.nanoseconds > 0 { return given.duration }
            if let nanoseconds, nanoseconds > 0 { return max(.nanoseconds(nanoseconds), Self.imageSpanMin) }
            return other
        }
        interval = span(request?.interval, own?.intervalNanoseconds, Self.intervalDefault)
        timeout = span(request?.timeout, own?.timeoutNanoseconds, Self.timeoutDefault)
        startPeriod = span(request?.startPeriod, own?.startPeriodNanoseconds, .zero)
        startInterval = span(
            request?.startInterval,
            own?.startIntervalNanoseconds,
            Self.startIntervalDefault
        )
        retries = [request?.retries, own?.retries].compactMap(\.self).first { $0 > 0 } ?? Self.retriesDefault
    }

    /// Nil for no check, and for one of a form that Docker does not have either.
    private static func command(_ test: [String], shell: [String]) -> [String]? {
        switch test.first {
        case "CMD" where test.count > 1: Array(test.dropFirst())
        case "CMD-SHELL" where test.count == 2: shell + [test[1]]
        default: nil
        }
    }
}
