// SPDX-License-Identifier: Apache-2.0
// One HTTP request to the gateway as a value, and what comes back; GatewayClient carries them.

import Foundation
import GatewayAPI

/// What a request sends.
enum RequestContent {
    case none
    case bytes(Data, type: String)
    /// Sent in pieces as it is read: archives.
    case file(path: String, type: String)
    /// Sent as it comes, from a descriptor that stays the command's: build contexts, standard input. Asked at its end,
    /// `isWhole` says whether the request breaks off instead.
    case stream(Int32, type: String, isWhole: @Sendable () -> Bool = { true })
}

/// One request, without the gateway's address.
struct GatewayRequest {
    var method = "GET"
    /// Percent-encoded, from the root.
    var path: String
    var query: [(name: String, value: String)] = []
    /// A query as the user wrote it, used as it is; it wins over ``query``.
    var rawQuery: String?
    var headers: [(name: String, value: String)] = []
    var content = RequestContent.none
    /// Whether a password is sent: function paths are open, and their authors must not get it.
    var isAdministrative = true
    /// Longest silence on the connection, in seconds.
    var silenceSecondsMax = GatewayRequest.answerSecondsMax

    /// Silence after which an administrative request has failed.
    static let answerSecondsMax = 60.0
    /// For long calls, builds and followed logs: a week, the
    /// longest that a forgotten terminal should hold a connection.
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
