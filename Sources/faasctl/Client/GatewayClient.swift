// SPDX-License-Identifier: Apache-2.0
// The command line's only HTTP client; every command but serve uses it.

import Foundation
import FunctionModel
import GatewayAPI
import HTTPClient

/// A gateway at an address, with its credentials.
struct GatewayClient: Sendable {
    /// Without a trailing slash.
    let address: String
    let credentials: ClientCredentials?
    /// A PEM file whose certificates are trusted instead of the system's.
    var trustedRoots: String?
    /// What it shows a gateway that asks for certificates.
    var certificate: ClientCertificate?

    /// Largest answer that is held in memory: more than a listing of 10,000 functions.
    static let answerBytesMax = 64 << 20

    /// Sends a request and reads the whole answer, with any status.
    ///
    /// - Throws: ``CommandFailure`` when the gateway cannot be reached or closes the connection.
    func exchange(_ request: GatewayRequest) async throws(CommandFailure) -> GatewayResponse {
        var body = Data()
        let head = try await stream(request) { _, bytes throws(CommandFailure) in
            guard body.count + bytes.count <= Self.answerBytesMax else {
                throw CommandFailure(
                    "cannot use the gateway's answer",
                    why: "it is longer than \(Self.answerBytesMax >> 20) MiB"
                )
            }
            body.append(bytes)
        }
        return GatewayResponse(head: head, body: body)
    }

    /// Sends a request and passes the answer on in pieces.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - onBytes: called with the head and each piece of the body, in order.
    /// - Returns: status and headers.
    /// - Throws: ``CommandFailure`` when the gateway cannot be reached or closes the connection, or `onBytes` throws.
    func stream(
        _ request: GatewayRequest,
        onBytes: (GatewayResponseHead, Data) throws(CommandFailure) -> Void
    ) async throws(CommandFailure) -> GatewayResponseHead {
        let message = try message(request)
        let exchange = Exchange()
        let silenceSecondsMax = request.silenceSecondsMax
        let running = Task { await exchange.run(message, silenceSecondsMax: silenceSecondsMax) }
        defer { running.cancel() }
        var head: GatewayResponseHead?
        do {
            for try await event in exchange.events {
                switch event {
                case .head(let received): head = received
                case .bytes(let data):
                    guard let head else { continue }
                    try onBytes(head, data)
                }
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw unreachable(error, afterHead: head != nil)
        }
        guard let head else {
            throw CommandFailure("cannot use the gateway at \(address)", why: "it sent no answer")
        }
        return head
    }

    private func message(_ request: GatewayRequest) throws(CommandFailure) -> HTTPRequest {
        let query =
            request.rawQuery
            ?? request.query.map { "\($0.name.pathSegment)=\($0.value.pathSegment)" }.joined(separator: "&")
        let text = address + request.path + (query.isEmpty ? "" : "?\(query)")
        guard let url = URL(string: text) else {
            throw CommandFailure("cannot ask the gateway", why: "'\(text)' is not a valid address")
        }
        var message = HTTPRequest(request.method, url)
        switch request.content {
        case .none: break
        case .bytes(let data, let type):
            message.body = .bytes(data)
            message.fields["Content-Type"] = type
        case .file(let path, let type):
            message.body = .file(path: path)
            message.fields["Content-Type"] = type
        case .stream(let descriptor, let type, let isWhole):
            message.body = .stream(descriptor, isWhole: isWhole)
            message.fields["Content-Type"] = type
        }
        message.trustedRoots = trustedRoots
        message.clientCertificate = certificate
        message.fields["User-Agent"] = "faasctl/\(Product.version)"
        if let credentials, credentials.belong(to: request) {
            message.fields["Authorization"] = credentials.authorization
        }
        for header in request.headers { message.fields[header.name] = header.value }
        return message
    }

    /// The reason why the gateway gave no answer, and the next step.
    private func unreachable(_ error: any Error, afterHead: Bool) -> CommandFailure {
        let what = "cannot reach the gateway at \(address)"
        let failure = error as? TransportFailure
        if afterHead {
            var failure = CommandFailure(
                "the response ended before it was complete",
                why: "the function failed after its first output, or the gateway stopped",
                next: "see 'faasctl invocations --failed' and 'faasctl logs'"
            )
            failure.isBrokenOff = true
            return failure
        }
        switch failure?.cause {
        case .noConnection:
            var failure = CommandFailure(
                what,
                why: "connection refused",
                next: "start the gateway with 'faasctl serve', or check --gateway"
            )
            failure.isUnreachable = true
            return failure
        case .unknownHost:
            return CommandFailure(what, why: "no such host", next: "check --gateway or FAASCTL_GATEWAY")
        case .silence:
            return CommandFailure(what, why: "no answer in time", next: "see the gateway's log")
        case .closed:
            return CommandFailure(what, why: "the connection was closed", next: "see the gateway's log")
        case .badAddress:
            return CommandFailure(what, why: "not an http address", next: "write it as http://HOST:PORT")
        case .forbidden, .other, nil:
            return CommandFailure(what, why: failure?.reason ?? "\(error)", next: "check --gateway")
        }
    }
}
