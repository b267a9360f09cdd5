// SPDX-License-Identifier: Apache-2.0
// The gateway's end of one stdio pipe, and its place in the reactor. Its owner's lock guards it.

import Glibc

struct Pipe: ~Copyable {
    private(set) var descriptor: Int32?
    private var token: UInt64?
    private var isPaused = false

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        guard let descriptor else { return }
        if let token { Reactor.shared.remove(token, descriptor: descriptor) }
        Glibc.close(descriptor)
    }

    /// Waits for `readiness`, also after a pause.
    mutating func watch(_ role: ReactorRole, readiness: UInt32, _ source: any ReactorSource) {
        guard let descriptor else { return }
        isPaused = false
        guard let token else {
            token = Reactor.shared.add(descriptor, role, readiness: readiness, source: source)
            return
        }
        Reactor.shared.modify(token, descriptor: descriptor, readiness: readiness)
    }

    /// Waits again if it was paused; costs nothing otherwise.
    mutating func resume(_ role: ReactorRole, readiness: UInt32, _ source: any ReactorSource) {
        if isPaused { watch(role, readiness: readiness, source) }
    }

    /// Stops waiting without closing.
    ///
    /// Takes it out altogether: a hang-up is told for whatever is watched, also for nothing (epoll_ctl(2)), and
    /// the reactor would spin on a pipe whose writer is gone while nobody reads the rest.
    mutating func pause() {
        guard let descriptor, let token, !isPaused else { return }
        Reactor.shared.remove(token, descriptor: descriptor)
        self.token = nil
        isPaused = true
    }

    mutating func close() {
        guard let descriptor else { return }
        if let token { Reactor.shared.remove(token, descriptor: descriptor) }
        Glibc.close(descriptor)
        self.descriptor = nil
        token = nil
    }
}
