// SPDX-License-Identifier: Apache-2.0
// The gateway's end of one stdio pipe, and its place in the reactor. Its owner's lock guards it.

import Glibc

struct Pipe: ~Copyable {
    private(set) var descriptor: Int32?
    private var token: UInt64?
    /// Neither watched nor closed, as at first.
    private var isPaused = true

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        guard let descriptor else { return }
        if let token { Reactor.shared.remove(token, descriptor: descriptor) }
        Glibc.close(descriptor)
    }

    /// Waits for `readiness`, also after a pause.
    mutating func watch(_ role: ReactorRole, readiness: UInt32, _ source: any ReactorSource) {
        guard let descriptor, token == nil else { return }
        token = Reactor.shared.add(descriptor, role, readiness: readiness, source: source)
        isPaused = false
    }

    /// Waits if it does not yet, or no more; costs nothing otherwise.
    mutating func resume(_ role: ReactorRole, readiness: UInt32, _ source: any ReactorSource) {
        if isPaused { watch(role, readiness: readiness, source) }
    }

    /// Stops waiting without closing.
    ///
    /// Removed completely, since epoll reports a hang-up repeatedly even without requested events;
    /// and since the reactor must not hold the last reference to a sandbox that has no reader.
    mutating func pause() {
        guard let descriptor, let token else { return }
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
