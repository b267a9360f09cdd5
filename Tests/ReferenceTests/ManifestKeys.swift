// SPDX-License-Identifier: Apache-2.0
// Keys of YAML texts, dotted and in the pages' form. The tests of function.yaml and of serve's file use it.

import Foundation
import Yams

@testable import ManifestReader

/// Flattens YAML: `limits.memory`, `schedules[].cron`.
enum ManifestKeys {
    /// Every key with its value as text; a map or list that is empty has an empty value.
    ///
    /// `isOpen` says whether a key's own keys are the user's (names of variables, labels, hosts): then they are none here.
    static func flatten(_ text: String, isOpen: (String) -> Bool) throws -> [String: String] {
        let node = try ManifestSource(file: "example", variables: nil).parse(text)
        var keys: [String: String] = [:]
        try collect(node, path: "", isOpen: isOpen, into: &keys)
        return keys
    }

    private static func collect(
        _ node: ManifestNode,
        path: String,
        isOpen: (String) -> Bool,
        into keys: inout [String: String]
    ) throws {
        switch node.node {
        case .mapping:
            if !path.isEmpty { keys[path] = "" }
            if isOpen(path) { return }
            for (key, value) in try ManifestMapping(node).entries {
                try collect(value, path: path.isEmpty ? key : path + "." + key, isOpen: isOpen, into: &keys)
            }
        case .sequence(let items):
            keys[path] = items.compactMap(\.string).joined(separator: ", ")
            for item in try node.list() where item.node.mapping != nil {
                try collect(item, path: path + "[]", isOpen: isOpen, into: &keys)
            }
            keys[path + "[]"] = nil
        case .scalar(let scalar): keys[path] = node.isNull ? "" : scalar.string
        case .alias: break
        }
    }
}
