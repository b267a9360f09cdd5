// SPDX-License-Identifier: Apache-2.0
// The keys that a document may hold. Readers refuse every other key, and tests enumerate these.

/// The keys of one place in a document.
package indirect enum KeyTree: Hashable, Sendable {
    /// A scalar, or a list of scalars.
    case value
    /// A map whose author chooses the keys, such as `environment`.
    case map
    case object([Member])
    case list(KeyTree)

    /// One key and what is below it.
    package struct Member: Hashable, Sendable {
        package var name: String
        package var tree: KeyTree

        package init(_ name: String, _ tree: KeyTree = .value) {
            self.name = name
            self.tree = tree
        }
    }

    /// An object with the keys of a coded type.
    ///
    /// - Parameters:
    ///   - keys: the coded type's keys.
    ///   - inner: what is below a key; a value unless it says otherwise.
    /// - Returns: the object.
    package static func object<Key: CaseIterable & RawRepresentable<String>>(
        of keys: Key.Type,
        inner: (Key) -> KeyTree = { _ in .value }
    ) -> KeyTree {
        .object(keys.allCases.map { Member($0.rawValue, inner($0)) })
    }

    /// The members of an object; none of anything else.
    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// The names of the members.
    package var names: [String] { members.map(\.name) }

    /// What is below a key; nil when the key is not known here.
    package subscript(_ name: String) -> KeyTree? { members.first { $0.name == name }?.tree }

    /// Every key by its path, such as `limits.memory` or `schedules[].cron`, without the objects above it.
    package var leaves: [String] {
        switch self {
        case .value, .map: []
        case .list(let element): element.leaves.map { "[]." + $0 }
        case .object(let members):
            members.flatMap { member -> [String] in
                let inner = member.tree.leaves
                if inner.isEmpty { return [member.name] }
                return inner.map { $0.hasPrefix("[]") ? member.name + $0 : member.name + "." + $0 }
            }
        }
    }
}

extension FunctionConfiguration {
    /// Every key of a configuration.
    package static let keys = KeyTree.object(of: CodingKeys.self) { key in
        switch key {
        case .environment, .labels, .annotations: .map
        case .limits: .object(of: Limits.CodingKeys.self)
        case .requests: .object(of: ResourceRequests.CodingKeys.self)
        case .queue: .object(of: QueueConfiguration.CodingKeys.self)
        case .warm: .object(of: WarmConfiguration.CodingKeys.self)
        case .asynchronous: .object(of: AsyncConfiguration.CodingKeys.self)
        case .authentication:
            .object([.init("hmac", .object(of: WebhookAuthentication.CodingKeys.self))])
        case .cors: .object(of: CORSConfiguration.CodingKeys.self)
        case .rate: .object(of: RateConfiguration.CodingKeys.self)
        case .schedules: .list(.object(of: ScheduleConfiguration.CodingKeys.self))
        default: .value
        }
    }
}
