// SPDX-License-Identifier: Apache-2.0
// How long, and how often, a program that was started ahead is asked whether it is ready. StartedProgram drives it.

/// The attempts to reach one program, as a pure value.
struct ReadinessState: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Longest start of a program: three times what AWS Lambda gives the initialisation of a function, which is enough
    /// for a Java server on a small machine.
    static let spanMax = Duration.seconds(30)
    /// The first pause between two attempts: less than the shortest start of an interpreter.
    static let pauseMin = Duration.milliseconds(1)
    /// The longest pause: what it adds to a start is small beside a start that takes so long.
    static let pauseMax = Duration.milliseconds(20)

    private let deadline: Instant
    private var pause = pauseMin

    /// - Parameter now: when the program was started.
    init(startedAt now: Instant) { deadline = now + Self.spanMax }

    enum Step: Hashable, Sendable {
        case retry(after: Duration)
        case giveUp
    }

    /// An attempt failed: each pause is half as long again as the one before it.
    mutating func refused(at now: Instant) -> Step {
        guard now < deadline else { return .giveUp }
        defer { pause = min(pause * 3 / 2, Self.pauseMax) }
        return .retry(after: min(pause, deadline - now))
    }
}
