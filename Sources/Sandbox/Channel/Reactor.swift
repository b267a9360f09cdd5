// SPDX-License-Identifier: Apache-2.0
// The one thread that waits for pipes and helper sockets (epoll), and calls the objects that own them.

internal import CSandbox
import Glibc
import Synchronization

/// What the reactor calls when a descriptor is ready.
///
/// Called on the reactor's thread: must not block.
protocol ReactorSource: AnyObject, Sendable {
    func ready(_ role: ReactorRole, readiness: UInt32)
}

/// Which of its descriptors a source is called for.
enum ReactorRole: UInt8, Sendable {
    case control, standardInput, standardOutput, standardError
    /// None of them: what ``Reactor/callLater(_:)`` asked for.
    case later
}

/// What to wait for, in the C part's bits.
let readable = UInt32(CSANDBOX_READABLE.rawValue)
let writable = UInt32(CSANDBOX_WRITABLE.rawValue)

/// Watches descriptors for the whole process.
final class Reactor: Sendable {
    /// Events taken from the kernel at once.
    private static let batch = 64
    /// Between half of and all the time until ``callLater(_:)`` comes back, on a machine that is not overloaded.
    ///
    /// Longer than most short functions run, so that their output is read once, at their end; short enough that
    /// a function whose output fills the pipe hardly waits for its reader.
    private static let lateNanoseconds: Int64 = 2_000_000
    private static let timerToken: UInt64 = 0

    private struct Registration {
        var source: any ReactorSource
        var role: ReactorRole
    }

    private struct State: ~Copyable {
        var registrations: [UInt64: Registration] = [:]
        /// Given to the timer.
        var lastToken = Reactor.timerToken
        var late = LateCalls<any ReactorSource>(processors: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    static let shared = Reactor()

    private let epoll: Int32
    private let timer: Int32
    private let state = Mutex(State())

    private init() {
        epoll = csandbox_epoll_create()
        timer = csandbox_timer_create()
        csandbox_epoll_add(epoll, timer, readable, Self.timerToken)
        // Writing to a pipe whose reader died then fails with EPIPE.
        signal(SIGPIPE, SIG_IGN)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread,
            nil,
            { context in
                if let context { Unmanaged<Reactor>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            },
            context
        )
        pthread_detach(thread)
    }

    /// Calls `source` whenever `descriptor` has one of `readiness`, until ``remove(_:descriptor:)``.
    func add(_ descriptor: Int32, _ role: ReactorRole, readiness: UInt32, source: any ReactorSource) -> UInt64
    {
        let token = state.withLock { state in
            state.lastToken += 1
            state.registrations[state.lastToken] = Registration(source: source, role: role)
            return state.lastToken
        }
        csandbox_epoll_add(epoll, descriptor, readiness, token)
        return token
    }

    /// Calls `source`, which begins to run, once with ``ReactorRole/later``, some milliseconds from now.
    ///
    /// Cheaper than ``add(_:_:readiness:source:)`` for a source that has ended by then: mostly one entry in a list.
    /// ``callLaterEnded()`` reports its end.
    func callLater(_ source: any ReactorSource) {
        if let periods = state.withLock({ $0.late.add(source) }) { arm(periods) }
    }

    /// One that ``callLater(_:)`` was asked for has ended.
    func callLaterEnded() { state.withLock { $0.late.ended() } }

    private func arm(_ periods: Int) { csandbox_timer_arm(timer, Self.lateNanoseconds * Int64(periods)) }

    private func timerRang() {
        csandbox_timer_clear(timer)
        let (due, next) = state.withLock { $0.late.rang() }
        if let next { arm(next) }
        for source in due { source.ready(.later, readiness: 0) }
    }

    /// Descriptors that are watched now.
    var count: Int { state.withLock { $0.registrations.count } }

    /// Forgets a descriptor; call before closing it.
    func remove(_ token: UInt64, descriptor: Int32) {
        csandbox_epoll_remove(epoll, descriptor)
        state.withLock { _ = $0.registrations.removeValue(forKey: token) }
    }

    private func run() {
        csandbox_name_thread("sandbox-io")
        var events = [csandbox_event](repeating: csandbox_event(), count: Self.batch)
        while true {
            let count = csandbox_epoll_wait(epoll, &events, Int32(Self.batch))
            for event in events.prefix(max(0, Int(count))) {
                if event.token == Self.timerToken {
                    timerRang()
                    continue
                }
                // Looked up again each time: an earlier event of this batch may have removed it.
                let registration = state.withLock { $0.registrations[event.token] }
                registration?.source.ready(registration?.role ?? .control, readiness: event.readiness)
            }
        }
    }
}
