// SPDX-License-Identifier: Apache-2.0
// Whether a request is signed as its function asks: decisions without IO and without a clock. FunctionHandler asks
// before the function sees a byte of the body.

import FunctionModel
import HTTPTypes
import NIOCore

/// What a request's head claims about its body.
struct WebhookCheck: Hashable, Sendable {
    /// Why a request is refused.
    enum Refusal: Error, Hashable, Sendable {
        case missing(field: String)
        case malformed(field: String)
        /// Signed too long ago, or in the future: a recorded request, or a wrong clock.
        case expired
        case wrong
    }

    /// Age of a signature with a time, in seconds: as Stripe's own libraries have it.
    static let ageSecondsMax = 300
    /// Codes of one field: a sender has as many as it has keys, two during a change of keys.
    static let codesMax = 16
    /// A field with these codes is shorter.
    private static let fieldBytesMax = 4096

    /// Candidates, each 64 lower-case digits.
    private let codes: [String]
    /// Comes before the body.
    private let prefix: [UInt8]

    /// Reads the head.
    ///
    /// - Parameters:
    ///   - scheme: the function's.
    ///   - fields: of the request.
    ///   - now: Unix time in seconds.
    /// - Throws: ``Refusal``.
    init(_ scheme: WebhookScheme, _ fields: HTTPFields, now: Int) throws(Refusal) {
        let name = Self.field(scheme)
        let values = fields[values: name]
        guard let text = values.first else { throw .missing(field: name.rawName) }
        guard values.count == 1, text.utf8.count <= Self.fieldBytesMax else {
            throw .malformed(field: name.rawName)
        }
        switch scheme {
        case .github:
            guard text.hasPrefix("sha256="), let code = Self.code(text.dropFirst(7)) else {
                throw .malformed(field: name.rawName)
            }
            codes = [code]
            prefix = []
        case .hex:
            let rest = text.hasPrefix("sha256=") ? text.dropFirst(7) : text[...]
            guard let code = Self.code(rest) else { throw .malformed(field: name.rawName) }
            codes = [code]
            prefix = []
        case .stripe:
            guard let (time, found) = Self.parts(text) else { throw .malformed(field: name.rawName) }
            guard let seconds = Int(time), seconds >= 0, seconds < Int.max / 2 else {
                throw .malformed(field: name.rawName)
            }
            guard abs(now - seconds) <= Self.ageSecondsMax else { throw .expired }
            codes = found
            prefix = Array((time + ".").utf8)
        }
    }

    /// The field of a scheme.
    static func field(_ scheme: WebhookScheme) -> HTTPField.Name {
        switch scheme {
        case .github: .hubSignature
        case .stripe: .stripeSignature
        case .hex: .signature
        }
    }

    /// Whether one of the codes is that of the body.
    ///
    /// - Complexity: the length of the body; large ones take milliseconds.
    func isValid(_ body: ByteBuffer, key: [UInt8]) -> Bool {
        var mac = WebhookMAC(key: key)
        if !prefix.isEmpty { mac.update(prefix) }
        body.withUnsafeReadableBytes { if $0.count > 0 { mac.update($0) } }
        let expected = Array(mac.finish().utf8)
        // Every code is compared to its end: the time says nothing about how much of one is right.
        var isFound = false
        for code in codes {
            let difference = zip(code.utf8, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { isFound = true }
        }
        return isFound
    }

    /// `t=…,v1=…,v1=…`; codes of other versions are left out.
    private static func parts(_ text: String) -> (time: String, codes: [String])? {
        var time: String?
        var codes: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { return nil }
            switch pair[0].drop(while: { $0 == " " }) {
            case "t":
                guard time == nil, pair[1].utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
                time = String(pair[1])
            case "v1":
                guard let code = code(pair[1]), codes.count < codesMax else { return nil }
                codes.append(code)
            default: break
            }
        }
        guard let time, !codes.isEmpty else { return nil }
        return (time, codes)
    }

    /// A code has the form of a digest, in either case.
    private static func code(_ text: Substring) -> String? { Digest(hex: text.lowercased())?.hex }
}

extension WebhookCheck.Refusal: CustomStringConvertible {
    var description: String {
        switch self {
        case .missing(let field): "the request is not signed: the field '\(field)' is missing"
        case .malformed(let field): "the field '\(field)' is malformed"
        case .expired:
            "the signature's time is more than \(WebhookCheck.ageSecondsMax) seconds away from the gateway's"
        case .wrong: "the signature is not that of this body"
        }
    }
}
