// SPDX-License-Identifier: Apache-2.0
// What one exchange sends and how its answer arrives: header lines and pieces of the body. CurlRequest's
// callbacks drive it.

import CCurl
import Foundation
import Synchronization

/// A running request.
// SAFETY: everything but the cancellation flag is used by the one thread that runs the exchange, and was made
// before that thread was.
final class CurlExchange: @unchecked Sendable {
    let request: HTTPRequest
    let source: CurlSource
    private let sink: any BodySink
    private let cancelled = Atomic(false)
    private var answer = ResponseHeadLines()
    private var head: HTTPHead?
    private var isDeclined = false
    private var forbidden: NetworkAddress?

    init(_ request: HTTPRequest, _ sink: any BodySink) {
        self.request = request
        self.sink = sink
        source = CurlSource(request.body)
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// Ends the exchange soon, from any thread.
    func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Whether the request may be sent to an address.
    func mayReach(_ address: NetworkAddress) -> Bool {
        let own = HostAddresses.current()
        guard request.destinations?.permits(address, own: own) == false else { return true }
        forbidden = address
        return false
    }

    /// A header line; false ends the exchange.
    func takeHead(_ line: UnsafeRawBufferPointer) -> Bool {
        // After the body come trailers, which are not used.
        if head != nil, !line.starts(with: Array("HTTP/".utf8)) { return true }
        switch answer.add(line) {
        case .more: return true
        case .tooLong: return false
        case .complete(let status, let fields):
            // An interim answer; the real one follows.
            if status < 200 { return true }
            let complete = HTTPHead(status: status, fields: fields, url: request.url)
            head = complete
            // The body of a redirect or challenge does not belong into the sink's file.
            if !sink.begin(complete) { isDeclined = true }
            return !isDeclined
        }
    }

    /// A piece of the body; false ends the exchange.
    func takeBody(_ piece: UnsafeRawBufferPointer) -> Bool {
        if isCancelled { return false }
        if !sink.receive(piece) { isDeclined = true }
        return !isDeclined
    }

    /// How the exchange ended.
    func outcome(
        _ code: CURLcode,
        said text: String,
        peer: NetworkAddress? = nil
    ) -> Result<HTTPHead, TransportFailure> {
        if isDeclined { return .failure(TransportFailure(kind: .declined, reason: "not wanted")) }
        if isCancelled { return .failure(TransportFailure(kind: .cancelled, reason: "cancelled")) }
        guard code == CURLE_OK else {
            // Of a name's addresses one may be allowed; then libcurl has used that.
            if let forbidden, code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK {
                return .failure(Self.refusal(of: forbidden))
            }
            let said = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
            return .failure(Self.failure(code, said))
        }
        guard var head else {
            return .failure(TransportFailure(kind: .broken, reason: "the answer has no head"))
        }
        head.peer = peer
        return .success(head)
    }

    private static func refusal(of address: NetworkAddress) -> TransportFailure {
        let scope = AddressScope(address, own: HostAddresses.current())
        return TransportFailure(kind: .unreachable, reason: "\(address) is \(scope.text)", cause: .forbidden)
    }

    private static func failure(_ code: CURLcode, _ said: String) -> TransportFailure {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            TransportFailure(kind: .unreachable, reason: said, cause: .unknownHost)
        case CURLE_COULDNT_CONNECT:
            TransportFailure(kind: .unreachable, reason: said, cause: .noConnection)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT:
            TransportFailure(kind: .unreachable, reason: said, cause: .badAddress)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            TransportFailure(kind: .unreachable, reason: said)
        case CURLE_OPERATION_TIMEDOUT:
            TransportFailure(kind: .broken, reason: "no answer in time", cause: .silence)
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
            TransportFailure(kind: .broken, reason: said, cause: .closed)
        default: TransportFailure(kind: .broken, reason: said)
        }
    }
}

/// Collects header lines to a head; pure.
struct ResponseHeadLines {
    enum Step: Equatable {
        case more
        case complete(status: Int, fields: [String: String])
        case tooLong
    }

    /// Bytes of one answer's header; registries send a few hundred.
    static let bytesMax = 256 << 10

    private var status = 0
    private var fields: [String: String] = [:]
    private var bytes = 0

    /// Takes a line with its end.
    mutating func add(_ line: UnsafeRawBufferPointer) -> Step {
        bytes += line.count
        guard bytes <= Self.bytesMax else { return .tooLong }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.hasPrefix("HTTP/") {
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            fields = [:]
            return .more
        }
        guard !text.isEmpty else { return .complete(status: status, fields: fields) }
        guard let colon = text.firstIndex(of: ":") else { return .more }
        let name = text[..<colon].lowercased()
        let value = text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        fields[name] = fields[name].map { $0 + ", " + value } ?? value
        return .more
    }
}
