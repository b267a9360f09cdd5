// SPDX-License-Identifier: Apache-2.0
// What a configuration says about callers: pages of other origins, and how often they may call.

/// Pages whose scripts may read a function's answers (CORS).
package struct CORSConfiguration: Hashable, Sendable, Codable {
    /// `scheme://host[:port]` each, or `*` for any.
    package var origins: [String]

    package enum CodingKeys: String, CodingKey, CaseIterable { case origins }

    /// Each is compared with every request of a browser.
    package static let originsMax = 64

    package init(origins: [String]) { self.origins = origins }

    /// Checks what the types alone cannot.
    ///
    /// - Throws: ``ModelError`` naming the field.
    func validate() throws(ModelError) {
        guard (1...Self.originsMax).contains(origins.count) else {
            throw ModelError(
                field: "cors.origins",
                value: "\(origins.count) origins",
                expected: "1 to \(Self.originsMax)"
            )
        }
        for origin in origins where !Self.isOrigin(origin) {
            throw ModelError(
                field: "cors.origins",
                value: origin,
                expected: "an origin as browsers send it, such as https://example.org, or *"
            )
        }
    }

    /// The form of RFC 6454, section 6.2; browsers send scheme and host in lower case.
    private static func isOrigin(_ text: String) -> Bool {
        if text == "*" { return true }
        guard let separator = text.firstRange(of: "://") else { return false }
        let (scheme, host) = (text[..<separator.lowerBound], text[separator.upperBound...])
        return !scheme.isEmpty && !host.isEmpty && text == text.lowercased()
            && text.utf8.allSatisfy { (33..<127).contains($0) } && !host.contains { "/?#@*,".contains($0) }
    }
}

/// How often a function may be called.
package struct RateConfiguration: Hashable, Sendable, Codable {
    /// What has a bucket of its own.
    package enum Subject: String, Hashable, Sendable, Codable, CaseIterable {
        /// Each client by its address.
        case client
        /// All clients together.
        case function
    }

    package var requests: RequestRate
    /// Calls at once after a pause; nil: those of one unit of ``requests``.
    package var burst: Int?
    package var per = Subject.client

    package enum CodingKeys: String, CodingKey, CaseIterable { case requests, burst, per }

    package init(requests: RequestRate) { self.requests = requests }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        requests = try values.decode(RequestRate.self, forKey: .requests)
        burst = try values.decodeIfPresent(Int.self, forKey: .burst)
        per = try values.decodeIfPresent(Subject.self, forKey: .per) ?? per
    }

    /// Tokens that a full bucket holds.
    package var capacity: Int { burst ?? requests.count }

    /// Checks what the types alone cannot.
    ///
    /// - Throws: ``ModelError`` naming the field.
    func validate() throws(ModelError) {
        if let burst, !(1...RequestRate.countMax).contains(burst) {
            throw ModelError(
                field: "rate.burst",
                value: "\(burst)",
                expected: "1 to \(RequestRate.countMax)"
            )
        }
    }
}

/// Calls per time: `100/s`, `30/m`, `500/h`.
package struct RequestRate: Hashable, Sendable, CustomStringConvertible {
    /// Beyond this a limit does not limit.
    package static let countMax = 1_000_000

    package let count: Int
    package let unit: Unit

    /// The time that ``count`` is for.
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        case second = "s"
        case minute = "m"
        case hour = "h"

        package var seconds: Double {
            switch self {
            case .second: 1
            case .minute: 60
            case .hour: 3600
            }
        }
    }

    /// Parses `COUNT/UNIT`.
    ///
    /// - Throws: ``ModelError`` when the count is none, or the unit is not s, m or h.
    package init(_ text: String, field: String) throws(ModelError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), (1...Self.countMax).contains(count),
            let unit = Unit(rawValue: String(parts[1]))
        else {
            throw ModelError(
                field: field,
                value: text,
                expected: "a rate such as 100/s, 30/m or 500/h, up to \(Self.countMax)"
            )
        }
        self.count = count
        self.unit = unit
    }

    /// Calls per second.
    package var perSecond: Double { Double(count) / unit.seconds }

    package var description: String { "\(count)/\(unit.rawValue)" }
}

extension RequestRate: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        self = try RequestRate(text, field: decoder.codingPath.map(\.stringValue).joined(separator: "."))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
