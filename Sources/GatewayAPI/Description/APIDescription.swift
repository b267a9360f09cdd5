// SPDX-License-Identifier: Apache-2.0
// The one table of what /v1 takes and answers. Gateway checks queries by it and serves it as OpenAPI; a test compares
// it with the routes.

/// Operations by pattern and method, as the router has them.
package struct APIOperations: Sendable {
    package private(set) var all: [String: [String: APIOperation]] = [:]

    /// Adds the operation of one method of a pattern.
    mutating func add(_ method: String, _ pattern: String, _ operation: APIOperation) {
        all[pattern, default: [:]][method] = operation
    }
}

/// The table.
package enum APIDescription {
    /// Every operation of /v1.
    package static let operations: APIOperations = {
        var table = APIOperations()
        functions(&table)
        calls(&table)
        images(&table)
        machine(&table)
        containers(&table)
        entering(&table)
        return table
    }()

    /// The operation of a route.
    ///
    /// - Parameters:
    ///   - method: in upper case; HEAD has the operation of GET.
    ///   - pattern: as the router has it.
    /// - Returns: nil outside of /v1.
    package static func operation(_ method: String, _ pattern: String) -> APIOperation? {
        operations.all[pattern]?[method == "HEAD" ? "GET" : method]
    }

    static let namespace = APIParameter("namespace", "The namespace of functions that name none.")
    static let function = APIParameter("function", "Only of this function: NAME or NAME.NAMESPACE.")

    /// Of one function's operations.
    static let functionProblems = [404]
}

extension APIParameter {
    /// A text.
    init(_ name: String, _ meaning: String) { self.init(name, .text, meaning) }
}
