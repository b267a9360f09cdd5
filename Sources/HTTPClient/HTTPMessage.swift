// SPDX-License-Identifier: Apache-2.0
// Requests and answers as plain values, and the sink of an answer's body. HTTPLane carries them.

package import Foundation
import Synchronization

/// A certificate of the client, as PEM files.
package struct ClientCertificate: Hashable, Sendable {
    /// With its chain.
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// One request; unless its body is a stream it can be sent again.
package struct HTTPRequest: Sendable {
    /// What is sent after the header.
    package enum Body: Sendable {
        case none
        case bytes(Data)
        /// Sent from the disk in pieces.
        case file(path: String)
        /// Sent as it comes, from a descriptor that stays the caller's.
        ///
        /// - Parameter isWhole: asked at the descriptor's end, on a thread of the lane; false makes the exchange fail,
        ///   so that no server takes the beginning for the whole body.
        case stream(Int32, isWhole: @Sendable () -> Bool = { true })
    }

    package var method: String
    package var url: URL
    package var fields: [String: String] = [:]
    package var body = Body.none
    /// Which addresses it may be sent to; nil for an address that the operator or the user named.
    package var destinations: DestinationPolicy?

    /// A PEM file whose certificates are trusted instead of the system's; nil for the system's.
    package var trustedRoots: String?
    /// What the client shows a server that asks for a certificate.
    package var clientCertificate: ClientCertificate?

    package init(_ method: String, _ url: URL, fields: [String: String] = [:], body: Body = .none) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }
}

/// Status and header of an answer.
package struct HTTPHead: Sendable {
    package var status: Int
    /// By lower-case name; fields that came several times are joined by commas.
    package var fields: [String: String]
    /// The address that answered.
    package var url: URL
    /// The address at the other end of the connection.
    package var peer: NetworkAddress?

    package subscript(_ name: String) -> String? { fields[name.lowercased()] }

    package var isSuccess: Bool { (200...299).contains(status) }
}

/// Why there was no whole answer.
package struct TransportFailure: Error, Hashable, Sendable {
    /// What to do about it.
    package enum Kind: Hashable, Sendable {
        /// No connection, or none that can be trusted.
        case unreachable
        case broken
        /// The sink did not want more.
        case declined
        case cancelled
    }

    /// What a person can do something about.
    package enum Cause: Hashable, Sendable {
        case unknownHost
        case noConnection
        case badAddress
        case silence
        /// The other side closed the connection.
        case closed
        /// The name leads to an address that the request may not be sent to.
        case forbidden
        case other
    }

    package var kind: Kind
    package var reason: String
    package var cause = Cause.other
}

/// Takes the body of an answer, on the lane's thread: slow sinks slow the sender down.
package protocol BodySink: AnyObject, Sendable {
    /// An answer begins; several may, when a request is repeated.
    ///
    /// False ends it.
    func begin(_ head: HTTPHead) -> Bool
    /// The next bytes of its body; false ends it.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// Keeps a small body in memory.
package final class CollectingSink: BodySink {
    private struct State {
        var bytes: [UInt8] = []
        var isTooLong = false
    }
    private let limitBytes: Int
    private let state = Mutex(State())

    package init(limitBytes: Int) { self.limitBytes = limitBytes }

    package var bytes: [UInt8] { state.withLock { $0.bytes } }
    package var isTooLong: Bool { state.withLock { $0.isTooLong } }

    /// Forgets what an earlier answer left.
    package func begin(_ head: HTTPHead) -> Bool {
        state.withLock { $0 = State() }
        return true
    }

    /// Keeps a piece; false once the limit is passed.
    package func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
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
