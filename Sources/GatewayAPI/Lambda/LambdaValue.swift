// SPDX-License-Identifier: Apache-2.0
// Any JSON value. Bodies of AWS Lambda's API hold settings in it that Mayfly has not: they may say nothing.

/// A JSON value of unknown form.
package enum LambdaValue: Codable, Hashable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([LambdaValue])
    case object([String: LambdaValue])

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let boolean = try? value.decode(Bool.self) {
            self = .boolean(boolean)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([LambdaValue].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: LambdaValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let boolean): try container.encode(boolean)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        case .object(let members): try container.encode(members)
        }
    }

    /// Values that AWS Lambda takes for an absent setting: clients such as Terraform send them.
    private static let defaults: Set<String> = ["", "PassThrough", "None", "Text"]

    /// Whether the value asks for nothing.
    package var saysNothing: Bool {
        switch self {
        case .null: true
        case .boolean(let boolean): !boolean
        case .number: false
        case .text(let text): Self.defaults.contains(text)
        case .list(let list): list.isEmpty
        case .object(let members): members.values.allSatisfy(\.saysNothing)
        }
    }
}
