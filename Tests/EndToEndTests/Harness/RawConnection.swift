// SPDX-License-Identifier: Apache-2.0
// A TCP connection that sends exactly the bytes of a test, and reads for a bounded time.

import Foundation
import Glibc

/// One connection to a port of this machine; closed with the value.
struct RawConnection: ~Copyable {
    private let descriptor: Int32

    /// - Throws: ``HarnessError`` when nothing accepts.
    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { [descriptor] in
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard descriptor >= 0, connected else { throw HarnessError("cannot connect to \(port): \(errno)") }
        var wait = timeval(tv_sec: 1, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
    }

    deinit { close(descriptor) }

    /// Sends bytes; false when the peer takes no more.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// No byte follows.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything that comes until the peer closes, the time is over, or enough is there.
    ///
    /// - Parameters:
    ///   - seconds: wait for each further piece at most so long, and no longer than twice that in all.
    ///   - isEnough: asked after each piece.
    /// - Returns: what came, and whether the peer has closed.
    func receive(within seconds: Double, until isEnough: ([UInt8]) -> Bool = { _ in false })
        -> (bytes: [UInt8], isClosed: Bool)
    {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let end = ContinuousClock.now + .seconds(2 * seconds)
        while ContinuousClock.now < end {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Int32(seconds * 1000)) > 0 else { return (bytes, false) }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return (bytes, true) }
            bytes += chunk[..<count]
            if isEnough(bytes) { return (bytes, false) }
        }
        return (bytes, false)
    }
}
