// SPDX-License-Identifier: Apache-2.0
// `"127.0.0.1:8000-8001:80-81/tcp"`: the short form of ports, one long form for each port of a range.

import ManifestReader

/// Parses ports.
enum PortForms {
    /// Ports of one range: more is a mistake, and each is a listener of the gateway.
    static let rangeMax = 256

    /// The long forms of one item.
    static func long(_ field: ComposeField) throws(ManifestError) -> [ComposeNode] {
        let text = try field.text("a port such as \"8000:80\"")
        let failure = field.invalid(
            text,
            expected: "[[IP:]HOST:]CONTAINER[/tcp|udp], for example \"8000:80\""
        )
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { throw failure }
        let proto = halves.count == 2 ? String(halves[1]) : "tcp"
        guard let (address, host, container) = parts(halves[0]), let targets = range(container) else {
            throw failure
        }
        var published: [Int]?
        if let host, !host.isEmpty {
            guard let ports = range(host) else { throw failure }
            published = ports
        }
        if let ports = published, ports.count != targets.count {
            // A range of host ports for one container port: the first free one. Nothing chooses it here.
            throw field.mistake("\(field.path): '\(text)' has ranges of different lengths")
        }
        return targets.enumerated().map { index, target in
            var pairs = [("mode", "ingress"), ("target", String(target)), ("protocol", proto)]
            if let address { pairs.append(("host_ip", address)) }
            if let published { pairs.append(("published", String(published[index]))) }
            let place = field.node.place
            return ComposeNode(
                .map(pairs.map { ComposeEntry($0.0, at: place, ComposeNode(.scalar($0.1), at: place)) }),
                at: place
            )
        }
    }

    /// Address, host's ports and container's ports.
    private static func parts(_ text: Substring) -> (String?, Substring?, Substring)? {
        guard let colon = text.lastIndex(of: ":") else { return (nil, nil, text) }
        let container = text[text.index(after: colon)...]
        let rest = text[..<colon]
        if rest.hasPrefix("[") {
            guard let end = rest.lastIndex(of: "]") else { return nil }
            let address = String(rest[rest.index(after: rest.startIndex)..<end])
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            guard isAddress(address) else { return nil }
            return (address, after.dropFirst(), container)
        }
        guard let inner = rest.lastIndex(of: ":") else {
            // `127.0.0.1::80` has two colons, so one colon always separates ports.
            return (nil, rest, container)
        }
        let address = String(rest[..<inner])
        guard isAddress(address), !address.contains(":") else { return nil }
        return (address, rest[rest.index(after: inner)...], container)
    }

    /// Whether a text is an IPv4 address, or has the characters of an IPv6 address.
    static func isAddress(_ text: String) -> Bool {
        if text.contains(":") { return text.utf8.allSatisfy { Byte.isHexadecimal($0) || $0 == Byte.colon } }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// `80` or `80-82`.
    private static func range(_ text: Substring) -> [Int]? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
            (1...65535).contains(first), (first...max(first, 65535)).contains(last), last - first < rangeMax
        else { return nil }
        return Array(first...last)
    }
}
