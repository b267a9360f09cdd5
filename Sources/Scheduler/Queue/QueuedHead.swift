// SPDX-License-Identifier: Apache-2.0
// A head as bytes for the queue's rows: `name value` per line. CallQueue writes them, QueuedAttempt reads them.

import Contracts
import FoundationEssentials
import FunctionModel
import HTTPTypes

/// The encoding of heads; values keep their bytes, and hold no line feed.
enum QueuedHead {
    /// A request's head; its id is the row's.
    ///
    /// - Parameters:
    ///   - head: the head.
    ///   - version: of the function, looked up again for each attempt.
    /// - Returns: the bytes that ``decode(_:id:)`` reads.
    static func encode(_ head: RequestHead, version: FunctionVersion? = nil) -> Data {
        var data = Data()
        if let version { append(&data, "version-of-function", version.description) }
        append(&data, "method", head.method.rawValue)
        append(&data, "target", head.target)
        append(&data, "script", head.scriptName)
        append(&data, "rest", String(head.pathRest))
        if let query = head.query { append(&data, "query", String(query)) }
        if let authority = head.authority { append(&data, "authority", authority) }
        if case .bytes(let count) = head.bodyLength { append(&data, "length", String(count)) }
        if head.isSecure { append(&data, "secure", "") }
        append(&data, "version", head.version)
        append(&data, "remote", head.peer.remoteAddress)
        if let port = head.peer.remotePort { append(&data, "remote-port", String(port)) }
        append(&data, "local", head.peer.localAddress)
        if let port = head.peer.localPort { append(&data, "local-port", String(port)) }
        append(&data, "received", String(head.receivedNanoseconds))
        if let user = head.user {
            append(&data, "user", user)
            append(&data, "auth", head.authenticationScheme)
        }
        append(&data, head.fields)
        return data
    }

    /// Nil when the bytes are no head.
    static func decode(_ data: Data, callID: String) -> RequestHead? {
        var head = RequestHead(method: .post, target: "", scriptName: "", callID: callID)
        for (name, value) in lines(data) {
            let text = String(decoding: value, as: UTF8.self)
            switch name {
            case "method":
                guard let method = HTTPRequest.Method(text) else { return nil }
                head.method = method
            case "target": head.target = text
            case "script": head.scriptName = text
            case "rest": head.pathRest = text[...]
            case "query": head.query = text[...]
            case "authority": head.authority = text
            case "length": head.bodyLength = .bytes(Int(text) ?? 0)
            case "secure": head.isSecure = true
            case "version": head.version = text
            case "remote": head.peer.remoteAddress = text
            case "remote-port": head.peer.remotePort = Int(text)
            case "local": head.peer.localAddress = text
            case "local-port": head.peer.localPort = Int(text)
            case "received": head.receivedNanoseconds = Int64(text) ?? 0
            case "user": head.user = text
            case "auth": head.authenticationScheme = text
            case "field": if let field = field(value) { head.fields.append(field) }
            default: break
            }
        }
        return head.target.isEmpty ? nil : head
    }

    /// The version of the function that a request's head is for; nil for the current one.
    static func version(_ data: Data) -> FunctionVersion? {
        // The first line: a field could not come before it.
        guard let first = lines(data).first, first.name == "version-of-function" else { return nil }
        return try? FunctionVersion(String(decoding: first.value, as: UTF8.self))
    }

    /// Header fields alone: of an answer.
    static func encode(_ fields: HTTPFields) -> Data {
        var data = Data()
        append(&data, fields)
        return data
    }

    /// Header fields alone.
    static func fields(_ data: Data) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in lines(data) where name == "field" {
            if let field = field(value) { fields.append(field) }
        }
        return fields
    }

    private static func append(_ data: inout Data, _ name: String, _ value: String) {
        data.append(contentsOf: name.utf8)
        data.append(UInt8(ascii: " "))
        data.append(contentsOf: value.utf8)
        data.append(UInt8(ascii: "\n"))
    }

    private static func append(_ data: inout Data, _ fields: HTTPFields) {
        for field in fields {
            data.append(contentsOf: "field ".utf8)
            data.append(contentsOf: field.name.rawName.utf8)
            data.append(UInt8(ascii: ":"))
            field.withUnsafeBytesOfValue { data.append(contentsOf: $0) }
            data.append(UInt8(ascii: "\n"))
        }
    }

    private static func lines(_ data: Data) -> [(name: String, value: Data)] {
        data.split(separator: UInt8(ascii: "\n")).map { line in
            let name = line.prefix { $0 != UInt8(ascii: " ") }
            return (String(decoding: name, as: UTF8.self), line.dropFirst(name.count + 1))
        }
    }

    private static func field(_ line: Data) -> HTTPField? {
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard let name = HTTPField.Name(String(decoding: name, as: UTF8.self)) else { return nil }
        return HTTPField(name: name, lenientValue: line.dropFirst(name.rawName.utf8.count + 1))
    }
}
