// SPDX-License-Identifier: Apache-2.0
// One request as libcurl takes it: options, header fields, and the callbacks into an exchange. HTTPLane runs it.

import CCurl
import Foundation

/// Owns an easy handle and everything that it refers to.
final class CurlRequest {
    let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes why a request failed into it.
    private let text: UnsafeMutablePointer<CChar>
    /// The callbacks' context.
    private let exchange: CurlExchange

    /// Bytes taken from the connection at a time: a few callbacks per megabyte.
    private static let bufferBytes = 256 << 10

    /// A server that has not accepted a connection by then will not.
    private static let connectSecondsMax = 60

    /// Nil when there is no memory.
    init?(_ exchange: CurlExchange, idleSeconds: Int) {
        guard let handle = curl_easy_init() else { return nil }
        self.handle = handle
        self.exchange = exchange
        text = .allocate(capacity: Int(CURL_ERROR_SIZE))
        text.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        setBounds(idleSeconds)
        setMethod(exchange.request)
        setFields(exchange.request.fields)
        // SAFETY: this object owns the handle as well as the exchange that the callbacks use.
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        ccurl_set_sinks(handle, headCallback, bodyCallback, context)
        // No way back: whether to send a body again is not for libcurl to decide.
        ccurl_set_source(handle, readCallback, context)
        if exchange.request.destinations != nil {
            ccurl_set_judges(handle, openCallback, sendCallback, context)
        }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fields)
        text.deallocate()
    }

    /// The address that the request went to.
    var peer: NetworkAddress? { ccurl_peer(handle).flatMap { NetworkAddress(text: String(cString: $0)) } }

    /// What libcurl says about a failure.
    var reason: String { String(cString: text) }

    private func setBounds(_ idleSeconds: Int) {
        ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, text)
        // Signals belong to the process; names are resolved on a thread of libcurl's.
        ccurl_set_number(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_web_only(handle)
        ccurl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0)
        ccurl_set_number(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        ccurl_set_number(handle, CURLOPT_BUFFERSIZE, Self.bufferBytes)
        ccurl_set_number(handle, CURLOPT_CONNECTTIMEOUT, min(idleSeconds, Self.connectSecondsMax))
        ccurl_set_number(handle, CURLOPT_LOW_SPEED_TIME, idleSeconds)
        ccurl_set_number(handle, CURLOPT_LOW_SPEED_LIMIT, HTTPLane.bytesPerSecondMin)
        ccurl_set_number(handle, CURLOPT_TIMEOUT, HTTPLane.transferSecondsMax)
    }

    private func setMethod(_ request: HTTPRequest) {
        ccurl_set_text(handle, CURLOPT_URL, request.url.absoluteString)
        if let roots = request.trustedRoots { ccurl_set_text(handle, CURLOPT_CAINFO, roots) }
        if let own = request.clientCertificate {
            ccurl_set_text(handle, CURLOPT_SSLCERT, own.certificate)
            ccurl_set_text(handle, CURLOPT_SSLKEY, own.key)
        }
        let hasBody = exchange.source.sizeBytes != 0
        switch request.method {
        case "GET" where !hasBody: ccurl_set_number(handle, CURLOPT_HTTPGET, 1)
        case "HEAD" where !hasBody: ccurl_set_number(handle, CURLOPT_NOBODY, 1)
        case "DELETE" where !hasBody: ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
        default:
            ccurl_set_number(handle, CURLOPT_UPLOAD, 1)
            ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
            ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(exchange.source.sizeBytes))
        }
    }

    private func setFields(_ given: [String: String]) {
        // Digests and ranges are of the bytes as stored; no consent to a body (100-continue) is needed first.
        var all = ["Accept-Encoding": "identity", "User-Agent": "mayfly", "Expect": ""]
        all.merge(given) { _, new in new }
        for (name, value) in all {
            // An empty field is one that libcurl leaves out.
            fields = curl_slist_append(fields, value.isEmpty ? "\(name):" : "\(name): \(value)") ?? fields
        }
        ccurl_set_fields(handle, fields)
    }
}

private func exchange(_ context: UnsafeMutableRawPointer?) -> CurlExchange? {
    context.map { Unmanaged<CurlExchange>.fromOpaque($0).takeUnretainedValue() }
}

/// One header line; another number than its length ends the exchange.
private func headCallback(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return exchange(context)?.takeHead(line) == true ? line.count : 0
}

/// Bytes of the body; another number than theirs ends the exchange.
private func bodyCallback(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    guard exchange(context)?.takeBody(piece) == true else { return piece.isEmpty ? 1 : 0 }
    return piece.count
}

/// The next bytes of the request's body.
private func readCallback(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    switch exchange(context)?.source.read(into: room) {
    case .bytes(let count): return count
    case .later: return Int(CURL_READFUNC_PAUSE)
    case .failed, nil: return Int(CURL_READFUNC_ABORT)
    }
}

/// A connection is about to be opened; no socket for an address that the request may not be sent to.
private func openCallback(
    _ context: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ target: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let target, let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return -1 }
    let address = NetworkAddress(UnsafeRawPointer(target) + offset, family: target.pointee.family)
    guard let address, exchange(context)?.mayReach(address) == true else { return -1 }
    let type = target.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    return socket(target.pointee.family, type, target.pointee.protocol)
}

/// A request is about to go over a connection, which may have been opened for an earlier one.
private func sendCallback(
    _ context: UnsafeMutableRawPointer?,
    _ peer: UnsafeMutablePointer<CChar>?,
    _ own: UnsafeMutablePointer<CChar>?,
    _ peerPort: Int32,
    _ ownPort: Int32
) -> Int32 {
    let address = peer.flatMap { NetworkAddress(text: String(cString: $0)) }
    guard let address, exchange(context)?.mayReach(address) == true else { return ccurl_judge_abort }
    return ccurl_judge_pass
}
