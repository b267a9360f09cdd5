// SPDX-License-Identifier: Apache-2.0
// The end of one call's standard error, for administrators. invoke shows it after a failure.

import Foundation
import GatewayAPI

/// The log of one call.
struct CallLog {
    let client: GatewayClient
    let function: String
    let id: String

    /// Lines that are shown: enough for the last line of most stack traces and what led to it.
    private static let linesMax = 20

    /// The last lines; none when the caller is no administrator, or nothing was written.
    func lastLines() async -> [String] {
        guard client.credentials != nil else { return [] }
        var request = GatewayRequest("GET", APIPath.logs)
        request.query = [("name", function), ("instance", id), ("tail", "\(Self.linesMax)")]
        // The call's own failure counts: it is reported even without the log.
        guard let body = try? await client.require(request, "cannot read the log") else { return [] }
        return Self.texts(body)
    }

    /// The texts of the gateway's lines of JSON.
    static func texts(_ body: Data) -> [String] {
        body.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? APIJSON.decode(LogEntry.self, from: Data(line)))?.text
        }
    }
}
