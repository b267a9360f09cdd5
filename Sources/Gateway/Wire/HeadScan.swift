// SPDX-License-Identifier: Apache-2.0
// Finds the end of a head that comes in pieces, and refuses early what is too large. RequestParser keeps it.

/// How far the search for a head's empty line has come.
struct HeadScan: Hashable, Sendable {
    /// Offset of the line that is not complete yet.
    private var lineStart = 0
    /// Offset up to which there is no further LF.
    private var scanned = 0
    /// Empty lines before the request line: some clients send one after a body (RFC 9112, section 2.2).
    private var skipped = 0
    /// Offset behind the request line; nil before it has come whole.
    private var fieldsStart: Int?

    private static let skippedMax = 8
    /// A request line besides its target: the method and the version.
    private static let lineOverhead = 80

    enum Found {
        case more
        /// The head begins after `skipped` bytes and has `count`.
        case head(skipped: Int, count: Int, ParsedHead)
    }

    /// Looks at all bytes that have come; the same bytes come first each time.
    mutating func scan(_ bytes: UnsafeRawBufferPointer, _ limits: RequestParser.Limits) throws(RequestRefusal)
        -> Found
    {
        while let end = bytes.firstLineFeed(from: scanned) {
            guard end > lineStart, bytes[end - 1] == 0x0d else { throw .malformed(.lineEnd) }
            scanned = end + 1
            let length = end - 1 - lineStart
            try check(length, end, limits)
            if length > 0 {
                if fieldsStart == nil { fieldsStart = scanned }
            } else if fieldsStart != nil {
                let whole = UnsafeRawBufferPointer(rebasing: bytes[skipped..<scanned])
                return .head(skipped: skipped, count: whole.count, try ParsedHead(whole, limits))
            } else {
                skipped = scanned
                guard skipped <= Self.skippedMax else { throw .malformed(.requestLine) }
            }
            lineStart = scanned
        }
        scanned = bytes.count
        // The last byte may be the CR of the line's end.
        try check(max(0, bytes.count - lineStart - 1), bytes.count, limits)
        return .more
    }

    /// Refuses what is too large before the rest of it has come.
    private func check(_ lineBytes: Int, _ end: Int, _ limits: RequestParser.Limits) throws(RequestRefusal) {
        guard let fieldsStart else {
            guard lineBytes <= limits.targetBytesMax + Self.lineOverhead else {
                throw .targetTooLong(max: limits.targetBytesMax)
            }
            return
        }
        guard lineBytes <= limits.fieldBytesMax else { throw .fieldTooLarge(max: limits.fieldBytesMax) }
        // The empty line is none of the fields, and its CR may have come already.
        guard end - fieldsStart <= limits.headBytesMax + 1 else {
            throw .headTooLarge(max: limits.headBytesMax)
        }
    }
}
