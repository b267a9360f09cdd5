// SPDX-License-Identifier: Apache-2.0
// A radix tree over the bytes of paths. RouteTable holds one per host.

/// Routes of one host.
///
/// Lookup costs no more than the path's length, however many routes there are.
struct RouteTrie: Sendable {
    /// One route's end: the function it leads to, and for which method.
    struct Entry: Sendable {
        /// Nil means any method.
        let method: String?
        let function: FunctionTarget
    }

    /// The routes that match a path at one length.
    struct Candidate: Sendable {
        let entries: [Entry]
        /// Bytes of the path that the route's own text covers.
        let length: Int
        let isPrefix: Bool
    }

    private struct Node: Sendable {
        var label: ArraySlice<UInt8>
        var children: [(first: UInt8, node: Int)] = []
        var exact: [Entry] = []
        var prefix: [Entry] = []
    }

    private var nodes = [Node(label: [])]

    /// Adds a route.
    ///
    /// An earlier route with the same path and method stays.
    mutating func insert(_ path: String, isPrefix: Bool, _ entry: Entry) {
        let end = node(for: Array(path.utf8)[...], under: 0)
        if isPrefix {
            if !nodes[end].prefix.contains(where: { $0.method == entry.method }) {
                nodes[end].prefix.append(entry)
            }
        } else if !nodes[end].exact.contains(where: { $0.method == entry.method }) {
            nodes[end].exact.append(entry)
        }
    }

    /// The node of a path; when absent it is made by splitting the edge where the texts differ.
    private mutating func node(for path: ArraySlice<UInt8>, under start: Int) -> Int {
        var rest = path
        var current = start
        while let first = rest.first {
            guard let index = nodes[current].children.firstIndex(where: { $0.first == first }) else {
                nodes.append(Node(label: rest))
                nodes[current].children.append((first, nodes.count - 1))
                return nodes.count - 1
            }
            let child = nodes[current].children[index].node
            let label = nodes[child].label
            let shared = zip(label, rest).prefix { $0 == $1 }.count
            if shared < label.count {
                nodes.append(Node(label: label.prefix(shared)))
                let middle = nodes.count - 1
                nodes[child].label = label.dropFirst(shared)
                nodes[middle].children = [(label[label.startIndex + shared], child)]
                nodes[current].children[index].node = middle
                current = middle
            } else {
                current = child
            }
            rest = rest.dropFirst(shared)
        }
        return current
    }

    /// Every route set that matches, longest first; at the same length the exact one first.
    func candidates(_ path: Substring.UTF8View) -> [Candidate] {
        var found: [Candidate] = []
        var position = path.startIndex
        var length = 0
        var current = 0
        while true {
            let node = nodes[current]
            if !node.prefix.isEmpty {
                found.append(Candidate(entries: node.prefix, length: length, isPrefix: true))
            }
            guard position < path.endIndex else {
                if !node.exact.isEmpty {
                    found.append(Candidate(entries: node.exact, length: length, isPrefix: false))
                }
                break
            }
            let first = path[position]
            guard let child = node.children.first(where: { $0.first == first })?.node else { break }
            let label = nodes[child].label
            guard path[position...].starts(with: label) else { break }
            position = path.index(position, offsetBy: label.count)
            length += label.count
            current = child
        }
        found.reverse()
        return found
    }
}
