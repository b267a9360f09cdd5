// SPDX-License-Identifier: Apache-2.0
// A request as the event of a Lambda function URL, payload version 2.0. LambdaInvocation makes it.

import FoundationEssentials
import HTTPTypes
import NIOCore

/// The event of one HTTP request.
enum HTTPEvent {
    /// Room for everything but header fields and body; an estimate that saves copies.
    private static let ordinaryBytes = 2048

    /// Writes the event.
    ///
    /// The path is the part behind the route, percent-encoded.
    ///
    /// - Parameters:
    ///   - function: the name.
    ///   - head: of the request.
    ///   - body: all of it.
    ///   - traceID: passed on as the field X-Amzn-Trace-Id.
    /// - Returns: JSON.
    static func payload(_ function: String, _ head: RequestHead, body: ByteBuffer, traceID: String)
        -> ByteBuffer
    {
        let path = head.pathRest.isEmpty ? "/" : String(head.pathRest)
        let fields = headers(head, traceID: traceID)
        let cookies = head.fields[values: .cookie].flatMap { $0.split(separator: ";") }.map(trimmed)
        var document = JSONDocument(capacity: ordinaryBytes + body.readableBytes)
        document.object { event in
            event.member("version", "2.0")
            event.member("routeKey", "$default")
            event.member("rawPath", path)
            event.member("rawQueryString", String(head.query ?? ""))
            if !cookies.isEmpty { event.array("cookies", cookies) }
            event.object("headers") { for (name, value) in fields { $0.member(name, value) } }
            let parameters = parameters(head.query ?? "")
            if !parameters.isEmpty {
                event.object("queryStringParameters") {
                    for (name, value) in parameters { $0.member(name, value) }
                }
            }
            event.object("requestContext") { context(&$0, function, head, path) }
            append(&event, body, type: head.fields[.contentType])
        }
        return document.bytes
    }

    private static func context(
        _ context: inout JSONDocument,
        _ function: String,
        _ head: RequestHead,
        _ path: String
    ) {
        let domain = String(RequestHead.splitAuthority(head.authority ?? "").host)
        context.member("accountId", LambdaInvocation.account)
        context.member("apiId", function)
        context.member("domainName", domain)
        context.member("domainPrefix", String(domain.prefix { $0 != "." }))
        context.object("http") {
            $0.member("method", head.method.rawValue)
            $0.member("path", path)
            $0.member("protocol", head.version)
            $0.member("sourceIp", head.peer.remoteAddress)
            $0.member("userAgent", head.fields[.userAgent] ?? "")
        }
        context.member("requestId", head.callID)
        context.member("routeKey", "$default")
        context.member("stage", "$default")
        context.member("time", time(head.receivedNanoseconds / 1_000_000_000))
        context.member("timeEpoch", head.receivedNanoseconds / 1_000_000)
    }

    /// Fields by lower-case name, those of one name joined, as HTTPForwarding chooses them; cookies are apart.
    private static func headers(_ head: RequestHead, traceID: String) -> [(String, String)] {
        let forwarded = HTTPForwarding.request(head, isLast: false, bodyBytes: nil)
        var order: [String] = []
        var values: [String: String] = [:]
        func add(_ name: String, _ value: String) {
            if let before = values[name] { return values[name] = before + "," + value }
            order.append(name)
            values[name] = value
        }
        if let authority = head.authority { add("host", authority) }
        for field in forwarded.headerFields where field.name != .cookie && field.name != .transferEncoding {
            add(field.name.canonicalName, field.value)
        }
        if values["x-amzn-trace-id"] == nil { add("x-amzn-trace-id", traceID) }
        return order.map { ($0, values[$0] ?? "") }
    }

    /// The decoded parameters of a query, those of one name joined by commas.
    static func parameters(_ query: Substring) -> [(String, String)] {
        var order: [String] = []
        var values: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = decoded(parts[0])
            let value = parts.count > 1 ? decoded(parts[1]) : ""
            if let before = values[name] {
                values[name] = before + "," + value
            } else {
                order.append(name)
                values[name] = value
            }
        }
        return order.map { ($0, values[$0] ?? "") }
    }

    /// `+` is a space, as forms have it; what is not percent-encoded UTF-8 stays as it is.
    private static func decoded(_ text: Substring) -> String {
        let spaced = text.replacing("+", with: " ")
        return PercentDecoding.decode(spaced) ?? String(spaced)
    }

    private static func append(_ event: inout JSONDocument, _ body: ByteBuffer, type: String?) {
        if body.readableBytes > 0, isText(type), isUTF8(body) {
            event.member("body", utf8: body.readableBytesView)
            event.member("isBase64Encoded", false)
        } else if body.readableBytes > 0 {
            event.member("body", Data(body.readableBytesView).base64EncodedString())
            event.member("isBase64Encoded", true)
        } else {
            event.member("isBase64Encoded", false)
        }
    }

    private static func isUTF8(_ body: ByteBuffer) -> Bool {
        body.withUnsafeReadableBytes { String(validating: $0, as: UTF8.self) != nil }
    }

    /// Whether a media type is text, as function URLs have it: forms are not.
    private static func isText(_ type: String?) -> Bool {
        guard let type else { return true }
        let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return essence.hasPrefix("text/") || essence.hasSuffix("+json") || essence.hasSuffix("+xml")
            || ["application/json", "application/xml", "application/javascript"].contains(essence)
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " })
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Unix time in seconds in the form of web servers' logs: `12/Mar/2020:19:03:58 +0000`.
    static func time(_ seconds: Int64) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = Date(timeIntervalSince1970: TimeInterval(seconds))
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        func two(_ number: Int?) -> String {
            let text = String(number ?? 0)
            return text.count < 2 ? "0" + text : text
        }
        let month = months[(parts.month ?? 1) - 1]
        return "\(two(parts.day))/\(month)/\(parts.year ?? 1970):"
            + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0000"
    }
}
