// SPDX-License-Identifier: Apache-2.0
// How many threads answer connections. faasctl's serve sets it before it makes a GatewayServer.

import NIOCore

/// The threads that read requests and write answers.
package enum EventLoops {
    /// Half of the processors, and at least one.
    ///
    /// Three quarters of a call's processor time are the slot's and the function's; every further thread that sleeps
    /// and wakes up only takes time from them.
    static func count(processors: Int) -> Int { max(1, processors / 2) }

    /// Bounds the event loops of this process; call once, before the first connection or server.
    package static func bound() {
        NIOSingletons.groupLoopCountSuggestion = count(processors: System.coreCount)
    }
}
