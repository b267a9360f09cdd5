// SPDX-License-Identifier: Apache-2.0
// The bodies of an authority's answers (RFC 8555, section 7.1) as checked values. ACMEClient makes them.

import Foundation
import HTTPClient

/// The ways to prove control of a name that this gateway has.
package enum ChallengeKind: String, Hashable, Sendable, CaseIterable {
    /// A file under a well-known path, asked for without TLS (RFC 8555, section 8.3).
    case http = "http-01"
    /// A certificate in a handshake of its own protocol (RFC 8737).
    case tls = "tls-alpn-01"
}

/// The addresses of an authority.
struct Directory: Hashable, Sendable {
    var newNonce: URL
    var newAccount: URL
    var newOrder: URL
}

/// How far something is, as the authority reports it.
enum OrderStatus: String, Decodable, Sendable { case pending, ready, processing, valid, invalid }

/// An order of one certificate.
struct Order: Hashable, Sendable {
    var status: OrderStatus
    var authorizations: [URL]
    var finalize: URL
    /// There when the status is valid.
    var certificate: URL?
    /// Why it is invalid.
    var failure: String?

    /// One name is ordered; an authority that wants more than some authorizations for it is not asked for them.
    static let authorizationsMax = 4
}

/// One challenge of an authorization.
struct Challenge: Hashable, Sendable {
    var kind: ChallengeKind
    var url: URL
    /// Letters, digits, `-` and `_`.
    var token: String
}

/// The proof of control of one name.
struct NameAuthorization: Hashable, Sendable {
    enum Status: String, Decodable, Sendable {
        case pending, valid, invalid, deactivated, expired, revoked
    }

    var status: Status
    /// Those that this gateway can answer.
    var challenges: [Challenge]
    /// Why it is invalid.
    var failure: String?
}

/// An error as the authority reports it (RFC 9457).
struct ACMEProblem: Hashable, Sendable, Decodable {
    var type: String?
    var detail: String?

    private static let prefix = "urn:ietf:params:acme:error:"
    /// What a log line takes of another party's text.
    private static let textMax = 300

    /// The kind without its prefix, for example `badNonce`.
    var kind: String {
        guard let type, type.hasPrefix(Self.prefix) else { return "" }
        return Self.printable(String(type.dropFirst(Self.prefix.count)))
    }

    var text: String { detail.map(Self.printable) ?? "it gives no reason" }

    /// One bounded line of it.
    static func printable(_ text: String) -> String {
        let line = text.unicodeScalars.prefix(textMax).map {
            $0.properties.generalCategory == .control ? " " : $0
        }
        return String(String.UnicodeScalarView(line))
    }
}

/// Reads answers; refuses what is not as RFC 8555 says, and addresses of other servers.
struct ACMEReader: Sendable {
    /// The server of the directory, which is the only one that is asked.
    let origin: Origin

    /// Longest address: it goes into every signature.
    private static let addressBytesMax = 2048
    /// Tokens have 128 bits or more (RFC 8555, section 8.3).
    private static let tokenBytesMax = 256

    private struct DirectoryBody: Decodable {
        struct Meta: Decodable { var externalAccountRequired: Bool? }
        var newNonce: String
        var newAccount: String
        var newOrder: String
        var meta: Meta?
    }

    private struct OrderBody: Decodable {
        var status: OrderStatus
        var authorizations: [String]
        var finalize: String
        var certificate: String?
        var error: ACMEProblem?
    }

    private struct AuthorizationBody: Decodable {
        struct Identifier: Decodable {
            var type: String
            var value: String
        }
        struct ChallengeBody: Decodable {
            var type: String
            var url: String?
            var token: String?
            var error: ACMEProblem?
        }
        var status: NameAuthorization.Status
        var identifier: Identifier
        var challenges: [ChallengeBody]
    }

    /// Reads a directory.
    ///
    /// - Throws: ``ACMEError``.
    func directory(_ bytes: [UInt8]) throws(ACMEError) -> Directory {
        let body = try decode(DirectoryBody.self, bytes, "directory")
        if body.meta?.externalAccountRequired == true { throw .needsExternalAccount }
        return Directory(
            newNonce: try address(body.newNonce),
            newAccount: try address(body.newAccount),
            newOrder: try address(body.newOrder)
        )
    }

    /// Reads an order.
    ///
    /// - Throws: ``ACMEError``.
    func order(_ bytes: [UInt8]) throws(ACMEError) -> Order {
        let body = try decode(OrderBody.self, bytes, "order")
        guard (1...Order.authorizationsMax).contains(body.authorizations.count) else {
            throw .malformed(what: "an order with \(body.authorizations.count) authorizations for one name")
        }
        var authorizations: [URL] = []
        for text in body.authorizations { authorizations.append(try address(text)) }
        return Order(
            status: body.status,
            authorizations: authorizations,
            finalize: try address(body.finalize),
            certificate: try body.certificate.map { text throws(ACMEError) in try address(text) },
            failure: body.error?.text
        )
    }

    /// Reads the authorization of a domain.
    ///
    /// - Throws: ``ACMEError``.
    func authorization(_ bytes: [UInt8], for domain: String) throws(ACMEError) -> NameAuthorization {
        let body = try decode(AuthorizationBody.self, bytes, "authorization")
        guard body.identifier.type == "dns", body.identifier.value.lowercased() == domain else {
            let value = ACMEProblem.printable(body.identifier.value)
            throw .malformed(what: "an authorization of '\(value)', which was not ordered")
        }
        var challenges: [Challenge] = []
        for part in body.challenges {
            guard let kind = ChallengeKind(rawValue: part.type) else { continue }
            guard let url = part.url, let token = part.token, Self.isToken(token) else {
                throw .malformed(what: "a challenge without a proper address and token")
            }
            challenges.append(Challenge(kind: kind, url: try address(url), token: token))
        }
        let failure = body.challenges.lazy.compactMap(\.error).first?.text
        return NameAuthorization(status: body.status, challenges: challenges, failure: failure)
    }

    /// Reads why a request was refused; empty when the body says nothing.
    func problem(_ bytes: [UInt8]) -> ACMEProblem {
        (try? JSONDecoder().decode(ACMEProblem.self, from: Data(bytes))) ?? ACMEProblem()
    }

    /// An address of the authority.
    ///
    /// - Throws: ``ACMEError/malformed(what:)``, ``ACMEError/foreignAddress(_:)``.
    func address(_ text: String) throws(ACMEError) -> URL {
        guard text.utf8.count <= Self.addressBytesMax, let url = URL(string: text), let other = Origin(url)
        else { throw .malformed(what: "'\(ACMEProblem.printable(text))' is no address") }
        guard other == origin else { throw .foreignAddress(other.description) }
        return url
    }

    private static func isToken(_ text: String) -> Bool {
        (1...tokenBytesMax).contains(text.utf8.count) && Base64URL.isValid(text)
    }

    private func decode<Body: Decodable>(_ type: Body.Type, _ bytes: [UInt8], _ what: String)
        throws(ACMEError) -> Body
    {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw .malformed(what: "it is no \(what)")
        }
    }
}
