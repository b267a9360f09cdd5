// SPDX-License-Identifier: Apache-2.0
// What the listener without TLS answers: decisions without IO. RedirectEdge drives it.

import Glibc

/// Where a request of the plain listener belongs.
///
/// A redirect names only hosts of this gateway: those that its certificates cover and those of its configuration. The
/// field Host of any other would let a cache in between send visitors of this gateway elsewhere.
struct RedirectRules: Sendable {
    /// Lower case; addresses without brackets.
    private let hosts: Set<String>
    /// Whether a certificate is for the host.
    private let covers: @Sendable (String) -> Bool
    private let challenges: ChallengeTable?

    /// - Parameters:
    ///   - hosts: names that are redirected, whatever the certificates cover; `*` stands for none here.
    ///   - challenges: open ones; nil treats their paths as any other.
    ///   - covers: whether a certificate is for a host, in lower case and without brackets.
    init(hosts: [String], challenges: ChallengeTable?, covers: @escaping @Sendable (String) -> Bool) {
        self.hosts = Set(hosts.map { $0.lowercased() })
        self.challenges = challenges
        self.covers = covers
    }

    enum Answer: Hashable {
        /// The bytes that the authority expects.
        case challenge(String)
        /// Where to send the same request again.
        case moved(String)
        case refused(Problem)
    }

    /// Decides about one request that the parser accepted.
    ///
    /// - Parameters:
    ///   - authority: of the target or of Host.
    ///   - target: as sent, in origin form, or `*`.
    ///   - port: where HTTPS is served; nil before that listener is bound.
    /// - Returns: what to answer.
    func answer(authority: String?, target: String, port: Int?) -> Answer {
        guard let path = RequestTarget(target)?.path, path != "*" else {
            return .refused(Self.misdirected("this address only redirects to HTTPS"))
        }
        if let challenges, path.hasPrefix(ChallengeTable.prefix) {
            let token = String(path.dropFirst(ChallengeTable.prefix.count))
            return challenges.answer(for: token).map { .challenge($0) } ?? .refused(.unknownPath)
        }
        guard let host = authority.flatMap(RedirectHost.init) else {
            return .refused(Self.misdirected("the request names no host to redirect to"))
        }
        guard hosts.contains(host.name) || covers(host.name) else {
            return .refused(Self.misdirected("this gateway has no certificate for the host of the request"))
        }
        guard let port else {
            return .refused(Problem(503, .unavailable, "HTTPS is not served yet; try again in a moment"))
        }
        let end = target.utf8.firstIndex(of: UInt8(ascii: "#")) ?? target.endIndex
        let place = port == Self.securePort ? "" : ":\(port)"
        return .moved("https://\(host.text)\(place)\(Self.escaped(target[..<end]))")
    }

    /// What `https` URLs leave out (RFC 9110, section 4.2.2).
    private static let securePort = 443

    private static func misdirected(_ detail: String) -> Problem { Problem(421, .misdirected, detail) }

    /// The target in ASCII: bytes past it, and those that no URI has, in percent form.
    private static func escaped(_ target: Substring) -> String {
        let kept = Set("\"<>\\^`{|}".utf8)
        guard target.utf8.contains(where: { $0 >= 0x7f || kept.contains($0) }) else { return String(target) }
        var text: [UInt8] = []
        for byte in target.utf8 {
            if byte < 0x7f, !kept.contains(byte) {
                text.append(byte)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += Array((digits.utf8.count == 1 ? "%0" : "%").utf8) + Array(digits.utf8)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A host that may stand in a redirect: letters, digits, hyphens and dots, or an address.
struct RedirectHost: Hashable, Sendable {
    /// Lower case, without a final dot; an address without brackets.
    let name: String
    /// As a URL has it.
    let text: String

    /// Longest name (RFC 1035, section 2.3.4) and label.
    private static let nameBytesMax = 253
    private static let labelBytesMax = 63

    /// Takes the host of `host`, `host:port` or `[ipv6]:port`.
    ///
    /// - Returns: nil when it is none of these.
    init?(_ authority: String) {
        let lower = authority.lowercased()
        guard Authority.isValid(lower.utf8) else { return nil }
        if lower.hasPrefix("[") {
            guard let end = lower.firstIndex(of: "]") else { return nil }
            let inside = String(lower[lower.index(after: lower.startIndex)..<end])
            var address = in6_addr()
            guard inet_pton(AF_INET6, inside, &address) == 1 else { return nil }
            name = inside
            text = "[\(inside)]"
            return
        }
        var host = lower.prefix { $0 != ":" }
        if host.hasSuffix(".") { host.removeLast() }
        guard Self.isName(host) else { return nil }
        name = String(host)
        text = name
    }

    private static func isName(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= nameBytesMax else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= labelBytesMax && !label.hasPrefix("-")
                && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    switch $0 {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}
