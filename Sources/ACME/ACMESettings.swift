// SPDX-License-Identifier: Apache-2.0
// What an operator says of an authority, and what is wrong with it. Server reads it from flags and file.

package import Foundation
import HTTPClient

/// Names of a gateway whose certificates an authority issues; without names none is asked.
package struct ACMESettings: Hashable, Sendable {
    /// Let's Encrypt's.
    package static let standardAuthority = "https://acme-v02.api.letsencrypt.org/directory"
    /// A server has no more certificates, and one of them is its own.
    package static let domainsMax = 99

    /// Lower case, without wildcards.
    package private(set) var domains: [String] = []
    /// Address of the directory.
    package var authority = standardAuthority
    /// Where the authority writes to; empty for nowhere.
    package var email = ""
    /// PEM file that the authority's server is trusted by; nil for the system's.
    package var roots: String?
    /// The operator agrees to the authority's terms of service.
    package var agreesToTerms = false

    package init() {}

    /// Sets the names; letter case and a final dot do not matter.
    package mutating func setDomains(_ names: [String]) {
        domains = names.map { name in
            let lower = name.lowercased()
            return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
        }
    }

    /// The directory's address; nil when it is none that requests may be signed for.
    package var authorityURL: URL? {
        guard let url = URL(string: authority), let origin = Origin(url),
            authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            !origin.isPlain || Origin.isLoopback(origin.host)
        else { return nil }
        return url
    }

    /// What makes the settings useless or contradictory; nil when nothing does.
    package var mistake: String? {
        guard !domains.isEmpty else {
            let isStandard = authority == Self.standardAuthority && email.isEmpty && roots == nil
            return isStandard && !agreesToTerms
                ? nil : "options of a certificate authority need a name that it certifies (--acme-domain)"
        }
        if domains.count > Self.domainsMax {
            return "an authority is asked for \(Self.domainsMax) names at most"
        }
        if Set(domains).count < domains.count { return "a name that an authority certifies is named twice" }
        for domain in domains {
            if domain.hasPrefix("*.") {
                return "'\(domain)': wildcards need a challenge in the DNS, which is not supported; "
                    + "use --tls-cert with another client"
            }
            guard Self.isDomain(domain) else {
                return "'\(domain)' is no domain name that an authority certifies, such as faas.example.org"
            }
        }
        if authorityURL == nil { return "'\(authority)' is no https address of an ACME directory" }
        if !email.isEmpty, !Self.isEmail(email) { return "'\(email)' is no e-mail address" }
        guard agreesToTerms else {
            return "the authority issues certificates under its terms of service: agree to them with "
                + "--acme-agree-terms (tls.acme.agree_terms)"
        }
        return nil
    }

    /// Two labels or more of letters, digits and hyphens, and no address.
    private static func isDomain(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, text.utf8.count <= 253, labels.last?.contains(where: \.isLetter) == true
        else {
            return false
        }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    switch $0 {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }

    /// Printable, with one `@` inside; commas would make several addresses of it.
    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "?")
            }
    }
}
