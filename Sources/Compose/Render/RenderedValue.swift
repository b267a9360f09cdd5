// SPDX-License-Identifier: Apache-2.0
// A value of `compose config`: written as JSON or YAML, and hashed to find changed services.

/// A JSON value; objects have no order of their own.
package indirect enum RenderedValue: Hashable, Sendable, Encodable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([RenderedValue])
    case object([String: RenderedValue])

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        }
    }

    static func texts(_ values: [String]) -> RenderedValue { .list(values.map { .text($0) }) }

    static func texts(_ values: [String: String]) -> RenderedValue { .object(values.mapValues { .text($0) }) }
}

/// An object under construction: absent and empty values have no key.
struct RenderedObject {
    private(set) var values: [String: RenderedValue] = [:]

    subscript(key: String) -> RenderedValue? {
        get { values[key] }
        set { values[key] = newValue }
    }

    mutating func set(_ key: String, _ text: String?) { if let text { values[key] = .text(text) } }

    /// A flag, when it is set.
    mutating func set(_ key: String, _ flag: Bool) { if flag { values[key] = .boolean(true) } }

    mutating func set(_ key: String, _ number: Int?) { if let number { values[key] = .integer(number) } }

    mutating func set(_ key: String, _ texts: [String]) { if !texts.isEmpty { values[key] = .texts(texts) } }

    mutating func set(_ key: String, _ texts: [String: String]) {
        if !texts.isEmpty { values[key] = .texts(texts) }
    }

    mutating func set(_ key: String, _ objects: [RenderedObject]) {
        if !objects.isEmpty { values[key] = .list(objects.map(\.value)) }
    }

    mutating func set(_ key: String, _ object: RenderedObject) {
        if !object.values.isEmpty { values[key] = object.value }
    }

    var value: RenderedValue { .object(values) }
}

extension RenderedValue {
    /// The value as a compose file writes it: a dollar sign is doubled, so that nothing is read as a variable.
    package var escapingVariables: RenderedValue {
        switch self {
        case .text(let text):
            .text(text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$"))
        case .list(let values): .list(values.map(\.escapingVariables))
        case .object(let values): .object(values.mapValues(\.escapingVariables))
        default: self
        }
    }
}
