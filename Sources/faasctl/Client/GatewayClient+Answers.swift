// SPDX-License-Identifier: Apache-2.0
// Converts an answer to a value, or to the one-line reason of a failure.

import Foundation
import GatewayAPI

extension GatewayClient {
    /// Sends an administrative request; answers without success are errors.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - what: begins the message when it fails, for example `cannot remove 'hello'`.
    /// - Returns: the body.
    /// - Throws: ``CommandFailure`` with the gateway's own reason.
    func require(_ request: GatewayRequest, _ what: String) async throws(CommandFailure) -> Data {
        let response = try await exchange(request)
        guard response.head.isSuccess else { throw failure(response, what) }
        return response.body
    }

    /// The same, decoded from JSON.
    func value<Value: Decodable>(
        _ type: Value.Type,
        _ request: GatewayRequest,
        _ what: String
    ) async throws(CommandFailure) -> Value {
        try Self.decode(type, from: try await require(request, what), what)
    }

    /// Decodes an answer.
    static func decode<Value: Decodable>(
        _ type: Value.Type,
        from body: Data,
        _ what: String
    ) throws(CommandFailure) -> Value {
        do {
            return try APIJSON.decode(type, from: body)
        } catch {
            throw CommandFailure(
                what,
                why: "the gateway's answer cannot be decoded",
                next: "check that --gateway names a Mayfly gateway of the same version; see 'faasctl version'"
            )
        }
    }

    /// The message of an unsuccessful answer.
    func failure(_ response: GatewayResponse, _ what: String) -> CommandFailure {
        switch response.head.status {
        case 401:
            var failure = CommandFailure(
                what,
                why: "the gateway rejected the credentials",
                next:
                    "set FAASCTL_TOKEN, or FAASCTL_USER and FAASCTL_PASSWORD, or MAYFLY_DATA_DIR to the gateway's data folder"
            )
            failure.isUnauthorized = true
            return failure
        case 301, 302, 303, 307, 308:
            let location = response.head.headers["location"] ?? "elsewhere"
            return CommandFailure(what, why: "the gateway redirects to \(location)", next: "check --gateway")
        default:
            return CommandFailure(what, why: Self.reason(response))
        }
    }

    /// The gateway's reason: a problem's detail, or the text of OpenFaaS's errors.
    static func reason(_ response: GatewayResponse) -> String {
        let type = response.head.headers["content-type"] ?? ""
        if type.contains("json"), let problem = response.problem {
            // Without a usable problem body the reason is the status.
            if let text = problem.detail ?? problem.title ?? problem.code { return text }
        }
        let text = String(decoding: response.body.prefix(reasonBytesMax), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        let isText = !line.isEmpty && !type.contains("html")
        return isText ? line : "the gateway answered with status \(response.head.status)"
    }

    /// A reason is one line; longer texts are pages.
    private static let reasonBytesMax = 2048
}

extension GatewayResponse {
    /// The problem body of an answer; nil for other bodies.
    var problem: ProblemBody? {
        // An answer without a problem body has another form.
        try? APIJSON.decode(ProblemBody.self, from: body)
    }
}
