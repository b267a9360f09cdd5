// SPDX-License-Identifier: Apache-2.0
// W3C Trace Context: which trace a call belongs to. CallTrace of Gateway and TracedInvoker read it, and write it for the
// function.

package import HTTPTypes

/// The fields of `traceparent`, version 00 (W3C Trace Context, section 3.2).
package struct TraceContext: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits.
    package var traceID: String
    /// 16 lower-case hexadecimal digits.
    package var spanID: String
    package var isSampled: Bool

    /// Reads a field; nil when it has another form, which starts a new trace.
    package init?(_ field: String) {
        let parts = field.split(separator: "-", omittingEmptySubsequences: false)
        // A later version has at least these parts, and may have more.
        guard parts.count >= 4, Self.isHex(parts[0], 2), parts[0] != "ff",
            parts[0] != "00" || parts.count == 4,
            Self.isHex(parts[1], 32), Self.isHex(parts[2], 16), Self.isHex(parts[3], 2),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        traceID = String(parts[1])
        spanID = String(parts[2])
        isSampled = flags & 1 == 1
    }

    /// A new trace.
    package init(using random: inout some RandomNumberGenerator) {
        traceID = Self.digits(random.next(), random.next())
        spanID = Self.digits(random.next())
        isSampled = true
    }

    /// The next span of the same trace.
    package func child(using random: inout some RandomNumberGenerator) -> TraceContext {
        var child = self
        child.spanID = Self.digits(random.next())
        return child
    }

    /// As the field has it.
    package var field: String { "00-\(traceID)-\(spanID)-0\(isSampled ? 1 : 0)" }

    /// Shows a function this span as its parent.
    ///
    /// - Parameters:
    ///   - fields: of its request.
    ///   - isRoot: whether the trace begins here; `tracestate` says something of one that does not go on then.
    package func apply(to fields: inout HTTPFields, isRoot: Bool) {
        fields[.traceParent] = field
        if isRoot { fields[.traceState] = nil }
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// Never all zeros, which would be no id.
    private static func digits(_ words: UInt64...) -> String {
        words.map { word in
            let text = String(max(1, word), radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
    }
}

extension HTTPField.Name {
    package static let traceParent = traceField("traceparent")
    package static let traceState = traceField("tracestate")

    private static func traceField(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("a field name") }
        return name
    }
}
