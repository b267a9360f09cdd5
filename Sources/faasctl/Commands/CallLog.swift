// SPDX-License-Identifier: Apache-2.0
// The end of one call's standard error, for administrators. invoke prints it after a failure.

import Foundation
import GatewayAPI

/// The log of one call.
struct CallLog {
    let client: GatewayClient
    let function: String
    let id: String

    /// Printed lines: enough for most stack traces.
    private static let linesMax = 20

    /// The last lines; none when the caller is no administrator, or the log is empty.
    func lastLines() async -> [String] {
        guard client.credentials != nil else { return [] }
        var request = GatewayRequest("GET", APIPath.logs)
        request.query = [("name", function), ("instance", id), ("tail", "\(Self.linesMax)")]
        // The call's own failure is reported also without the log.
        guard let body = try? await client.require(request, "cannot read the log") else { return [] }
        return Self.texts(body)
    }

    /// The texts in the gateway's lines of JSON.
    static func texts(_ body: Data) -> [String] {
        body.split(separator: UInt8(ascii: "\n")).compactMap { line in
            (try? APIJSON.decode(LogEntry.self, from: Data(line)))?.text
        }
    }
}
