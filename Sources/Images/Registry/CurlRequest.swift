// SPDX-License-Identifier: Apache-2.0
// One request as libcurl takes it: options, header fields, and the callbacks into an exchange. HTTPLane runs it.

import CCurl
import Foundation

/// Owns an easy handle with all that hangs from it.
final class CurlRequest {
    let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes why a request failed into it.
    private let text: UnsafeMutablePointer<CChar>
    /// The callbacks' context.
    private let exchange: CurlExchange

    /// Bytes taken from the connection at a time: a few callbacks per megabyte.
    private static let bufferBytes = 256 << 10

    /// Whoever has not taken a connection by then will not.
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
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fields)
        text.deallocate()
    }

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
        // Digests and ranges are of the bytes as stored; nobody has to agree to a body first.
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
