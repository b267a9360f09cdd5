// SPDX-License-Identifier: Apache-2.0
// What runs now, as values, and how an id names one of it. RunningDirectory makes the values.

package import FoundationEssentials
package import FunctionModel
import Sandbox

/// A call or an attached container that runs now.
package struct RunningContainer: Sendable {
    /// What its container uses at one moment.
    package struct Usage: Hashable, Sendable {
        /// Nil where the host does not count it.
        package var memoryBytes: Int?
        package var cpuMilliseconds: Double
        package var processCount: Int

        package init(memoryBytes: Int?, cpuMilliseconds: Double, processCount: Int) {
            self.memoryBytes = memoryBytes
            self.cpuMilliseconds = cpuMilliseconds
            self.processCount = processCount
        }

        init(_ usage: ContainerUsage) {
            self.init(
                memoryBytes: usage.memoryBytes,
                cpuMilliseconds: Double(usage.cpuMicroseconds) / 1000,
                processCount: usage.processCount
            )
        }
    }

    /// What it is of.
    package enum Kind: String, Sendable {
        /// Of a function.
        case call
        /// Of `faasctl run`.
        case container
    }

    package var kind: Kind
    /// The call's id, or the attached container's.
    package var id: String
    /// Nil for what is no function's.
    package var function: FunctionName?
    package var image: String
    /// Distinguishes its container from every other one of this gateway.
    package var container: String
    package var startedAt: Date
    /// Whether its end was asked for.
    package var isStopping: Bool
    /// Nil when it has ended meanwhile.
    package var usage: Usage?
    /// What of it is published on the host.
    package var ports: [PublishedPort] = []

    package init(
        kind: Kind,
        id: String,
        function: FunctionName?,
        image: String,
        container: String,
        startedAt: Date,
        isStopping: Bool,
        usage: Usage?
    ) {
        self.kind = kind
        self.id = id
        self.function = function
        self.image = image
        self.container = container
        self.startedAt = startedAt
        self.isStopping = isStopping
        self.usage = usage
    }
}

/// How an operator ends something.
package enum EndRequest: Hashable, Sendable {
    /// A signal, and after the grace SIGKILL; nil: the image's stop signal, and the grace that it has by itself.
    case stop(signal: Int32?, grace: Duration?)
    /// A signal to PID 1; SIGKILL ends the whole container.
    case signal(Int32)
}

/// What became of a request to end something.
package enum EndReply: Hashable, Sendable {
    /// The id of what it was, and whether it has ended by now.
    case done(String, hasEnded: Bool)
    case unknown
    /// The name is one of so many.
    case ambiguous(Int)
}

/// What runs now; a protocol so that the edge's tests need no container.
package protocol RunningWork: Sendable {
    /// Looks at what runs.
    ///
    /// - Parameter function: only its calls; nil for everything.
    /// - Returns: what runs now, the oldest first.
    func list(of function: FunctionName?) async -> [RunningContainer]

    /// Ends one, and waits for the end of what is stopped or killed: as long as it may take and a little longer.
    ///
    /// - Parameters:
    ///   - name: its id, its container's name, its function when that has no other call, or the beginning of its id.
    ///   - request: how.
    /// - Returns: what became of it.
    func end(_ name: String, _ request: EndRequest) async -> EndReply
}
