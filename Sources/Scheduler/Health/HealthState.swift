// SPDX-License-Identifier: Apache-2.0
// Whether one run of a container is well: decisions without IO. HealthMonitor drives it.

package import FoundationEssentials
package import FunctionModel

/// One probe that has ended.
package struct HealthProbe: Hashable, Sendable {
    package var startedAt: Date
    package var endedAt: Date
    /// Of the probe; -1 when it was killed at its time limit or could not be made.
    package var exitCode: Int32
    /// Its beginning, both streams.
    package var output: String
}

/// What a container's probes say by now.
package struct HealthReport: Hashable, Sendable {
    package var health = ContainerHealth.starting
    /// Failures since the last success.
    package var failingStreak = 0
    /// The last ones, oldest first.
    package var probes: [HealthProbe] = []
}

/// The health of one run.
struct HealthState: Hashable, Sendable {
    /// Probes that are kept, as with Docker.
    static let probesMax = 5

    private(set) var report = HealthReport()
    private let plan: HealthPlan

    init(_ plan: HealthPlan) { self.plan = plan }

    /// A probe has ended.
    ///
    /// - Parameters:
    ///   - probe: how.
    ///   - age: of the run when the probe began.
    /// - Returns: the health that it has from now on; nil when that has not changed.
    mutating func ended(_ probe: HealthProbe, at age: Duration) -> ContainerHealth? {
        report.probes.append(probe)
        if report.probes.count > Self.probesMax { report.probes.removeFirst() }
        let before = report.health
        if probe.exitCode == 0 {
            report.failingStreak = 0
            report.health = .healthy
        } else if report.health != .starting || age >= plan.startPeriod {
            report.failingStreak += 1
            if report.failingStreak >= plan.retries { report.health = .unhealthy }
        }
        return report.health == before ? nil : report.health
    }

    /// The pause before the next probe.
    ///
    /// - Parameter age: of the run.
    /// - Returns: the pause.
    func pause(at age: Duration) -> Duration {
        report.health == .starting && age < plan.startPeriod ? plan.startInterval : plan.interval
    }
}
