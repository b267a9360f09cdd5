// SPDX-License-Identifier: Apache-2.0
// How a container is asked whether it is well: what a caller says in place of the image's HEALTHCHECK.

/// One health check; what is nil is the image's, or Docker's default.
package struct ContainerHealthcheck: Hashable, Sendable, Codable {
    /// `["CMD", word, …]`, `["CMD-SHELL", text]`, or `["NONE"]` for no check; nil: the image's.
    package var test: [String]?
    /// Between the end of one probe and the next one.
    package var interval: TimeSpan?
    /// A probe that takes longer is killed and has failed.
    package var timeout: TimeSpan?
    /// From the start on; failures in it do not count.
    package var startPeriod: TimeSpan?
    /// In place of the interval, in the start period.
    package var startInterval: TimeSpan?
    /// Failures in a row after which it is unhealthy.
    package var retries: Int?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case test, interval, timeout, retries
        case startPeriod = "start_period"
        case startInterval = "start_interval"
    }

    package init(test: [String]? = nil) { self.test = test }

    /// Shortest interval and time limit, as Docker has it: a probe is a process.
    package static let spanMin = TimeSpan(.milliseconds(1))
    /// More failures in a row are a service that never counts as unhealthy.
    package static let retriesMax = 1000

    /// Checks what the types alone cannot.
    ///
    /// - Throws: ``ModelError`` naming the field.
    package func validate() throws(ModelError) {
        let form = "[\"CMD\", word, …], [\"CMD-SHELL\", text] or [\"NONE\"]"
        let mistake = ModelError(field: "healthcheck.test", value: test?.first ?? "", expected: form)
        if let test {
            switch test.first {
            case "NONE" where test.count == 1: break
            case "CMD" where test.count > 1 && test[1] != "": break
            case "CMD-SHELL" where test.count == 2 && test[1] != "": break
            default: throw mistake
            }
            if test.contains(where: { $0.utf8.contains(0) }) { throw mistake }
        }
        for (name, span) in [
            ("interval", interval), ("timeout", timeout), ("start_interval", startInterval),
        ] {
            guard let span, span.nanoseconds != 0, span < Self.spanMin else { continue }
            throw ModelError(
                field: "healthcheck." + name,
                value: span.description,
                expected: "at least \(Self.spanMin), or 0 for the default"
            )
        }
        if let retries, !(0...Self.retriesMax).contains(retries) {
            throw ModelError(
                field: "healthcheck.retries",
                value: "\(retries)",
                expected: "1 to \(Self.retriesMax), or 0 for the default"
            )
        }
    }
}

/// Whether a container that runs is well, in Docker's words.
package enum ContainerHealth: String, Hashable, Sendable, Codable, CaseIterable {
    case starting, healthy, unhealthy
}
