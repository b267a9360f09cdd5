// SPDX-License-Identifier: Apache-2.0
// What one method of one path takes and answers, as values: the description that clients read, and by which the gateway
// checks queries.

package import FunctionModel

/// One parameter of a query.
package struct APIParameter: Hashable, Sendable {
    /// What its value may be.
    package enum Kind: Hashable, Sendable {
        case text
        /// `true`, `1` or no value; `false` or `0`.
        case flag
        case number(ClosedRange<Int>)
        /// RFC 3339.
        case time
    }

    package var name: String
    package var kind: Kind
    package var meaning: String
    package var isRequired = false
    /// Whether it may be there several times.
    package var isRepeatable = false

    package init(_ name: String, _ kind: Kind, _ meaning: String) {
        self.name = name
        self.kind = kind
        self.meaning = meaning
    }

    /// The same, but it has to be there.
    package var required: APIParameter {
        var copy = self
        copy.isRequired = true
        return copy
    }

    /// The same, but it may be there several times.
    package var repeatable: APIParameter {
        var copy = self
        copy.isRepeatable = true
        return copy
    }

    /// What a value breaks; nil when it is one.
    ///
    /// Texts are for the handler to judge.
    package func mistake(in value: String) -> String? {
        switch kind {
        case .text: nil
        case .time: value.isEmpty ? "expected a time of RFC 3339" : nil
        case .flag:
            ["", "0", "1", "true", "false"].contains(value.lowercased()) ? nil : "expected true or false"
        case .number(let range):
            Int(value).map(range.contains) == true
                ? nil : "expected a number from \(range.lowerBound) to \(range.upperBound)"
        }
    }
}

/// The body of a request.
package enum APIRequestBody: Hashable, Sendable {
    /// JSON with these keys and no others.
    ///
    /// - Parameters:
    ///   - keys: those of the ``StrictBody``.
    ///   - types: schemas of keys; any value where there is none.
    ///   - required: keys without which it is refused.
    case json(KeyTree, types: [String: JSONValue], required: [String])
    /// The same, and it may be left out.
    case optionalJSON(KeyTree, types: [String: JSONValue])
    /// Bytes, such as an archive.
    case bytes(type: String)
}

/// A successful answer.
package enum APIAnswer: Hashable, Sendable {
    case empty
    case json(JSONValue)
    /// Of another type; nothing more is said of its bytes.
    case bytes(type: String)
}

/// One method of one path.
package struct APIOperation: Hashable, Sendable {
    package var summary: String
    package var query: [APIParameter] = []
    package var body: APIRequestBody?
    package var answers: [Int: APIAnswer]
    /// Statuses of its problems besides those that every operation may have.
    package var problems: [Int]

    package init(
        _ summary: String,
        query: [APIParameter] = [],
        body: APIRequestBody? = nil,
        _ answers: [Int: APIAnswer],
        problems: [Int] = []
    ) {
        self.summary = summary
        self.query = query
        self.body = body
        self.answers = answers
        self.problems = problems
    }

    /// Of every operation: a mistake, missing or insufficient credentials, too many attempts, the store, a stop.
    package static let commonProblems = [400, 401, 403, 429, 500, 503]
    /// Of every operation with a body.
    package static let bodyProblems = [408, 413, 415]
}
