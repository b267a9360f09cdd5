// SPDX-License-Identifier: Apache-2.0
// Requests and answers as plain values, and who takes an answer's body. HTTPLane carries them.

import Foundation
import Synchronization

/// One request; it can be sent again, so its body is in memory or in a file.
struct HTTPRequest: Sendable {
    enum Body: Sendable {
        case none
        case bytes(Data)
        /// Sent from the disk in pieces.
        case file(path: String)
    }

    var method: String
    var url: URL
    var fields: [String: String] = [:]
    var body = Body.none

    init(_ method: String, _ url: URL, fields: [String: String] = [:], body: Body = .none) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }
}

/// Status and header of an answer.
struct HTTPHead: Sendable {
    var status: Int
    /// By lower-case name; fields that came several times are joined by commas.
    var fields: [String: String]
    /// The address that answered.
    var url: URL

    subscript(_ name: String) -> String? { fields[name.lowercased()] }

    var isSuccess: Bool { (200...299).contains(status) }
}

/// Why there was no whole answer.
struct TransportFailure: Error, Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// No connection, or none that can be trusted.
        case unreachable
        case broken
        /// The sink did not want more.
        case declined
        case cancelled
    }

    var kind: Kind
    var reason: String
}

/// Takes the body of an answer, on the lane's thread: slow sinks slow the sender down.
protocol BodySink: AnyObject, Sendable {
    /// An answer begins; several may, when a request is repeated. False ends it.
    func begin(_ head: HTTPHead) -> Bool
    /// The next bytes of its body; false ends it.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// Keeps a small body in memory.
final class CollectingSink: BodySink {
    private struct State {
        var bytes: [UInt8] = []
        var isTooLong = false
    }
    private let limitBytes: Int
    private let state = Mutex(State())

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var isTooLong: Bool { state.withLock { $0.isTooLong } }

    func begin(_ head: HTTPHead) -> Bool {
        state.withLock { $0 = State() }
        return true
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            guard state.bytes.count + bytes.count <= limitBytes else {
                state.isTooLong = true
                return false
            }
            state.bytes.append(contentsOf: bytes)
            return true
        }
    }
}
