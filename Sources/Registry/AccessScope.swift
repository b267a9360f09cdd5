// SPDX-License-Identifier: Apache-2.0
// The access that a token grants, in the token protocol's form: `repository:library/hello:pull,push`.

/// A resource of a registry and the permitted actions.
struct AccessScope: Hashable, Sendable, CustomStringConvertible {
    var type: String
    var name: String
    var actions: Set<String>

    static func pull(_ repository: String) -> AccessScope {
        AccessScope(type: "repository", name: repository, actions: ["pull"])
    }

    static func push(_ repository: String) -> AccessScope {
        AccessScope(type: "repository", name: repository, actions: ["pull", "push"])
    }

    init(type: String, name: String, actions: Set<String>) {
        self.type = type
        self.name = name
        self.actions = actions
    }

    /// Reads one scope.
    ///
    /// The name may contain colons (a host with a port); type and actions may not.
    init?(_ text: Substring) {
        guard let first = text.firstIndex(of: ":"), let last = text.lastIndex(of: ":"), first < last else {
            return nil
        }
        type = String(text[..<first])
        name = String(text[text.index(after: first)..<last])
        actions = Set(text[text.index(after: last)...].split(separator: ",").map(String.init))
        guard !type.isEmpty, !name.isEmpty, !actions.isEmpty else { return nil }
    }

    /// Reads the `scope` parameter of a challenge: scopes with spaces between.
    static func parse(_ text: String) -> Set<AccessScope> {
        Set(text.split(separator: " ").prefix(scopesMax).compactMap(AccessScope.init))
    }

    /// Scopes read from one challenge; more would make the token server's URL too long.
    static let scopesMax = 16

    /// Actions in a fixed order, so that equal scopes have equal texts.
    var description: String { "\(type):\(name):\(actions.sorted().joined(separator: ","))" }

    func covers(_ other: AccessScope) -> Bool {
        type == other.type && name == other.name && actions.isSuperset(of: other.actions)
    }
}
