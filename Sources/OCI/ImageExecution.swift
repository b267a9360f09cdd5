// SPDX-License-Identifier: Apache-2.0
// The part of an image's configuration that a Dockerfile sets and a container is started from.

/// An object with no members, as Docker writes sets: `{"8080/tcp": {}}`.
package struct EmptyObject: Hashable, Sendable, Codable {
    package init() {}
}

extension ImageConfiguration {
    /// Defaults of a container (image-spec, config.md, "config"; Docker adds the last four).
    package struct Execution: Hashable, Sendable, Codable {
        /// `name`, `uid`, `name:group` or `uid:gid`.
        package var user: String?
        /// `8080/tcp` each.
        package var exposedPorts: [String: EmptyObject]?
        /// `NAME=value` each.
        package var environment: [String]?
        package var entrypoint: [String]?
        package var command: [String]?
        package var volumes: [String: EmptyObject]?
        package var workingDirectory: String?
        package var labels: [String: String]?
        /// A name such as `SIGTERM`, or a number.
        package var stopSignal: String?
        package var argumentsEscaped: Bool?
        package var healthcheck: Healthcheck?
        /// The shell that the shell form of instructions runs in.
        package var shell: [String]?
        /// Instructions that run right after this image is built upon.
        package var onBuild: [String]?

        package init() {}

        enum CodingKeys: String, CodingKey {
            case user = "User"
            case exposedPorts = "ExposedPorts"
            case environment = "Env"
            case entrypoint = "Entrypoint"
            case command = "Cmd"
            case volumes = "Volumes"
            case workingDirectory = "WorkingDir"
            case labels = "Labels"
            case stopSignal = "StopSignal"
            case argumentsEscaped = "ArgsEscaped"
            case healthcheck = "Healthcheck"
            case shell = "Shell"
            case onBuild = "OnBuild"
        }
    }

    /// How to ask a container whether it is well.
    package struct Healthcheck: Hashable, Sendable, Codable {
        /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", text]`.
        package var test: [String]?
        /// Nanoseconds, as in the document.
        package var intervalNanoseconds: Int?
        package var timeoutNanoseconds: Int?
        package var startPeriodNanoseconds: Int?
        package var startIntervalNanoseconds: Int?
        package var retries: Int?

        package init(test: [String]? = nil) { self.test = test }

        enum CodingKeys: String, CodingKey {
            case test = "Test"
            case intervalNanoseconds = "Interval"
            case timeoutNanoseconds = "Timeout"
            case startPeriodNanoseconds = "StartPeriod"
            case startIntervalNanoseconds = "StartInterval"
            case retries = "Retries"
        }
    }
}
