// SPDX-License-Identifier: Apache-2.0
// JSON answers rewritten as block YAML for `--output yaml`.

import Foundation
import Yams

/// JSON is valid YAML; this changes its style only.
enum YAMLOutput {
    /// Rewrites a JSON text.
    ///
    /// - Throws: ``CommandFailure`` when it is malformed.
    static func text(ofJSON json: Data) throws(CommandFailure) -> String {
        do {
            guard let node = try Yams.compose(yaml: String(decoding: json, as: UTF8.self)) else { return "" }
            return try Yams.serialize(node: block(node), allowUnicode: true)
        } catch {
            throw CommandFailure("cannot write YAML", why: "the gateway's answer is not JSON")
        }
    }

    /// The same node in block style, without unneeded quotes.
    private static func block(_ node: Node) -> Node {
        switch node {
        case .mapping(let mapping):
            let pairs = mapping.map { (block($0.key), block($0.value)) }
            return .mapping(Node.Mapping(pairs, node.tag, mapping.isEmpty ? .flow : .block))
        case .sequence(let sequence):
            let style: Node.Sequence.Style = sequence.isEmpty ? .flow : .block
            return .sequence(Node.Sequence(sequence.map(block), node.tag, style))
        case .scalar(let scalar):
            let plain = Node.Scalar(scalar.string)
            // Text that would be read as a number, a boolean or null keeps its quotes.
            let readsAsText = Node.scalar(plain).tag == Tag(.str)
            let isMultiline = scalar.string.contains("\n")
            let needsQuotes = scalar.style == .doubleQuoted && (!readsAsText || isMultiline)
            let style: Node.Scalar.Style = needsQuotes ? .doubleQuoted : .any
            return .scalar(Node.Scalar(scalar.string, node.tag, style))
        case .alias: return node
        }
    }
}
