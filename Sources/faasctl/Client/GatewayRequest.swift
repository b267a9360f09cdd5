// SPDX-License-Identifier: Apache-2.0
// One HTTP request to the gateway and its answer as values; GatewayClient sends them.

import Foundation
import GatewayAPI

/// The body of a request.
enum RequestContent {
    case none
    case bytes(Data, type: String)
    /// Sent in pieces while it is read: archives.
    case file(path: String, type: String)
    /// Sent from a descriptor, which the command keeps: build contexts, standard input. Called at its end,
    /// `isWhole` returns false when the request must be aborted instead.
    case stream(Int32, type: String, isWhole: @Sendable () -> Bool = { true })
}

/// One request, without the gateway's address.
struct GatewayRequest {
    var method = "GET"
    /// Percent-encoded, from the root.
    var path: String
    var query: [(name: String, value: String)] = []
    /// A query as the user wrote it, used unchanged; it replaces ``query``.
    var rawQuery: String?
    var headers: [(name: String, value: String)] = []
    var content = RequestContent.none
    /// Whether a password is sent: function paths are open, and their authors must not get it.
    var isAdministrative = true
    /// Longest time without a byte on the connection, in seconds.
    var silenceSecondsMax = GatewayRequest.answerSecondsMax

    /// The limit of administrative requests.
    static let answerSecondsMax = 60.0
    /// The limit of long calls, builds and followed logs: a week, the
    /// longest time for which a forgotten terminal should keep a connection.
    static let patienceSecondsMax = 7.0 * 86400

    init(_ method: String = "GET", _ path: String) {
        self.method = method
        self.path = path
    }

    /// Sets a JSON body.
    mutating func setJSON(_ value: some Encodable) throws(CommandFailure) {
        do {
            content = .bytes(try APIJSON.encode(value), type: MediaName.json)
        } catch {
            throw CommandFailure("cannot form the request", why: "\(error)")
        }
    }
}

/// Status line and headers of an answer.
struct GatewayResponseHead: Hashable, Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// An answer that was read to its end.
struct GatewayResponse: Hashable, Sendable {
    var head: GatewayResponseHead
    var body: Data
}
