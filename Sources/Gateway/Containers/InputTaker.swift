// SPDX-License-Identifier: Apache-2.0
// What takes input, a terminal's size and signals of an attached caller. ContainerStreamsAPI asks it.

import NIOCore
import Scheduler

/// A container, or a process that entered one.
protocol InputTaker: Sendable {
    /// Writes to its stdin, suspending while that is full; false while another write is running.
    func write(_ bytes: ByteBuffer) async -> Bool
    /// Ends its stdin.
    func closeInput()
    /// Sets its terminal's size.
    func resize(rows: UInt16, columns: UInt16)
    /// Sends it a signal.
    func signal(_ number: Int32)
    /// Lets it run on when its caller disconnects.
    func detach()
}

extension Container: InputTaker {}
extension EnteredProcess: InputTaker {}
