// SPDX-License-Identifier: Apache-2.0
// From method and path of a request to the operation of AWS Lambda's service API. Gateway asks it once per request.

/// An operation and what its path names.
package struct LambdaRoute: Hashable, Sendable {
    package var operation: LambdaOperation
    /// The function, in any of the forms that AWS knows; empty when the path names none.
    package var function = ""
    /// An alias, or the ARN of a resource; empty when the path names none.
    package var item = ""

    /// One row of the table.
    private struct Row: Sendable {
        let operation: LambdaOperation
        let method: Substring
        let segments: [Substring]
        /// The parameter that the query must have, `NAME=VALUE`.
        let parameter: Substring?

        init(_ operation: LambdaOperation, _ text: String) {
            self.operation = operation
            let words = text.split(separator: " ")
            let parts = (words.last ?? "").split(separator: "?")
            method = words.first ?? ""
            segments = (parts.first ?? "").split(separator: "/")
            parameter = parts.count > 1 ? parts[1] : nil
        }
    }

    /// Rows by the first segment of their path: the version of the API; those with a parameter come first.
    private static let rows: [Substring: [Row]] = {
        let all = LambdaOperation.paths.map { Row($0.key, $0.value) }
        return Dictionary(grouping: all) { $0.segments.first ?? "" }
            .mapValues { $0.sorted { $0.parameter != nil && $1.parameter == nil } }
    }()

    /// The first segments of all paths: the versions of the API.
    package static let versions = Set(
        LambdaOperation.paths.values.compactMap { text in
            text.split(separator: "/").dropFirst().first
        }
    )

    /// Finds the operation of a request.
    ///
    /// - Parameters:
    ///   - method: in upper case.
    ///   - segments: of the path, decoded; empty ones do not count.
    ///   - parameters: of the query, as they were sent.
    /// - Returns: nil when there is none.
    package static func find(_ method: String, _ segments: [String], parameters: [Substring]) -> LambdaRoute?
    {
        guard let version = segments.first, let rows = rows[version[...]] else { return nil }
        for row in rows where row.method == method && row.segments.count == segments.count {
            if let parameter = row.parameter, !parameters.contains(parameter) { continue }
            if let route = match(row, segments) { return route }
        }
        return nil
    }

    private static func match(_ row: Row, _ segments: [String]) -> LambdaRoute? {
        var route = LambdaRoute(operation: row.operation)
        for (pattern, segment) in zip(row.segments, segments) {
            switch pattern {
            case ":name": route.function = segment
            case ":alias", ":arn": route.item = segment
            case ":x": continue
            default: if pattern != segment { return nil }
            }
        }
        return route
    }
}

extension LambdaOperation {
    private var path: String { Self.paths[self] ?? "" }

    /// Whether it changes nothing and calls nothing.
    package var isReading: Bool { path.hasPrefix("GET ") }

    /// Whether its path names a function.
    package var namesFunction: Bool { path.contains("/:name") }

    /// Method and path, as documents show it: `GET /2015-03-31/functions/:name`.
    package var pattern: String { path }

    /// The longest event of a call that waits for its answer: AWS's own bound.
    package static let eventBytesMax = 6_291_556
    /// The longest event of a call that does not wait.
    package static let asynchronousEventBytesMax = 1 << 20
    /// An archive of 50 MiB, AWS's own bound, in Base64, and everything else of a function.
    private static let codeBytesMax = 72 << 20
    /// Any other body; a configuration with a large environment is a few KiB.
    private static let otherBytesMax = 1 << 20

    /// The longest body that it takes.
    package var bodyBytesMax: Int {
        switch self {
        case .invoke, .invokeWithResponseStream: Self.eventBytesMax
        case .invokeAsync: Self.asynchronousEventBytesMax
        case .createFunction, .updateFunctionCode: Self.codeBytesMax
        default: Self.otherBytesMax
        }
    }
}
