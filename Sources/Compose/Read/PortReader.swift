// SPDX-License-Identifier: Apache-2.0
// Long forms of ports and volumes, which is what short forms were turned into.

import FunctionModel
import ManifestReader

/// Reads one port.
struct PortReader {
    let map: ComposeMap

    func port() throws(ManifestError) -> ComposePort {
        try map.allow(ComposeSchema.port, refused: ComposeSchema.portRefused)
        guard let target = map["target"] else {
            throw map.field.mistake("'\(map.field.path)' has no 'target'")
        }
        var port = ComposePort(target: try target.integer(1...65535))
        if let published = map["published"] { port.published = try published.integer(1...65535) }
        if let field = map["host_ip"] {
            let address = try field.text("an address")
            guard PortForms.isAddress(address) else {
                throw field.invalid(address, expected: "an address of this host")
            }
            port.hostAddress = address
        }
        if let mode = map["mode"] {
            let text = try mode.text()
            // There is one host, so both modes of a cluster mean the same.
            guard ["ingress", "host"].contains(text) else {
                throw mode.invalid(text, expected: "ingress or host")
            }
        }
        if let proto = map["protocol"] {
            let text = try proto.text()
            guard ["tcp", "udp"].contains(text) else { throw proto.invalid(text, expected: "tcp or udp") }
            port.isUDP = text == "udp"
        }
        return port
    }
}

/// Reads one volume.
struct MountReader {
    let map: ComposeMap

    func mount() throws(ManifestError) -> ComposeMount {
        try map.allow(ComposeSchema.mount, refused: ComposeSchema.mountRefused)
        guard let target = map["target"] else {
            throw map.field.mistake("'\(map.field.path)' has no 'target'")
        }
        var mount = ComposeMount(
            source: try source(),
            target: try Self.target(target),
            place: map.field.node.place
        )
        if let field = map["read_only"] { mount.isReadOnly = try field.boolean() }
        return mount
    }

    private static func target(_ field: ComposeField) throws(ManifestError) -> String {
        let path = try field.text("a path")
        guard path.hasPrefix("/"), path != "/" else {
            throw field.invalid(path, expected: "an absolute path other than /")
        }
        return path
    }

    private func source() throws(ManifestError) -> ComposeMount.Source {
        guard let type = map["type"] else { throw map.field.mistake("'\(map.field.path)' has no 'type'") }
        let text = try type.text()
        for other in ["bind", "tmpfs", "volume"] where other != text {
            if let field = map[other] {
                throw field.mistake("'\(field.path)' has no effect with type \(text)")
            }
        }
        switch text {
        case "bind":
            guard let source = map["source"] else {
                throw map.field.mistake("'\(map.field.path)' has no 'source'")
            }
            let options = try map["bind"]?.map()
            try options?.allow(ComposeSchema.mountBind, refused: ComposeSchema.mountBindRefused)
            let creates = try options?["create_host_path"]?.boolean() ?? true
            return .bind(try source.name("a folder"), createsPath: creates)
        case "volume":
            try map["volume"]?.map().allow([], refused: ComposeSchema.mountVolumeRefused)
            guard let source = map["source"] else { return .anonymous }
            return .volume(try source.name("a volume"))
        case "tmpfs":
            if let source = map["source"] {
                throw source.mistake("'\(source.path)' has no effect with type tmpfs")
            }
            let options = try map["tmpfs"]?.map()
            try options?.allow(ComposeSchema.mountTemporary, refused: ComposeSchema.mountTemporaryRefused)
            return .temporary(size: try options?["size"]?.value(ByteCount.compose))
        default: throw type.invalid(text, expected: "bind, volume or tmpfs")
        }
    }

    /// `/run` or `/run:size=64m`.
    static func temporary(_ field: ComposeField) throws(ManifestError) -> ComposeMount {
        let text = try field.text("a path")
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard parts[0].hasPrefix("/"), parts[0] != "/" else {
            throw field.invalid(text, expected: "an absolute path such as /run")
        }
        var size: ByteCount?
        for option in parts.count == 2 ? parts[1].split(separator: ",") : [] {
            guard option.hasPrefix("size=") else {
                throw field.mistake(
                    "\(field.path): the option '\(option)' is not supported, expected size="
                )
            }
            let value = ComposeNode(.scalar(String(option.dropFirst(5))), at: field.node.place)
            size = try ComposeField(node: value, path: "\(field.path).size").value(ByteCount.compose)
        }
        return ComposeMount(
            source: .temporary(size: size),
            target: parts[0],
            place: field.node.place
        )
    }
}
