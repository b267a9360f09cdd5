// SPDX-License-Identifier: Apache-2.0
// What goes along with an order for a slot: secrets and the mount table as memory files.

import CSandbox
import Glibc

enum SlotFiles {
    /// Records of name, size and bytes, one after the other, in a file that exists in memory only.
    ///
    /// - Throws: ``SandboxError`` when a name is too long or the kernel refuses the file.
    static func secrets(_ secrets: [SandboxSecret]) throws(SandboxError) -> OwnedDescriptor {
        var bytes: [UInt8] = []
        for secret in secrets {
            var record = csandbox_secret()
            record.size = UInt32(secret.bytes.count)
            guard FixedText.copy(secret.name, into: &record.name) else {
                throw .unsupported("a secret's name of more than \(CSANDBOX_NAME_MAX - 1) bytes")
            }
            withUnsafeBytes(of: record) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: secret.bytes)
        }
        return try memoryFile("secrets", bytes)
    }

    /// One record per mount; trees are numbered in the order of ``SandboxPlan/hostPlaces``.
    ///
    /// - Throws: ``SandboxError`` when a target is too long or the kernel refuses the file.
    static func mounts(of plan: SandboxPlan) throws(SandboxError) -> OwnedDescriptor {
        var bytes: [UInt8] = []
        var tree: UInt32 = plan.writableLayer == nil ? 0 : 1
        for mount in plan.mounts {
            var record = csandbox_mount()
            if let expected = SandboxMount.refusal(of: mount.target) {
                throw .unsupported("a mount at '\(mount.target)', expected \(expected)")
            }
            guard FixedText.copy(mount.target, into: &record.target) else {
                throw .unsupported("a mount target of more than \(CSANDBOX_PATH_MAX - 1) bytes")
            }
            switch mount.source {
            case .memory(let sizeBytes):
                record.tree = UInt32.max
                record.size_bytes = UInt64(sizeBytes)
            case .host:
                record.tree = tree
                tree += 1
            }
            withUnsafeBytes(of: record) { bytes.append(contentsOf: $0) }
        }
        return try memoryFile("mounts", bytes)
    }

    private static func memoryFile(_ name: String, _ bytes: [UInt8]) throws(SandboxError) -> OwnedDescriptor {
        let file = csandbox_memory_file(name)
        guard file >= 0 else { throw .system(call: "memfd_create", errorNumber: -file) }
        let descriptor = OwnedDescriptor(owning: file)
        guard write(file, bytes, bytes.count) == bytes.count, lseek(file, 0, SEEK_SET) == 0 else {
            throw .system(call: "write", errorNumber: errno)
        }
        return descriptor
    }
}

extension SandboxPlan {
    /// Every folder and file of the host in the order of the wire contract: the writable layer first.
    var hostPlaces: [HostPlace] {
        (writableLayer.map { [$0] } ?? [])
            + mounts.compactMap { mount in
                if case .host(let place) = mount.source { place } else { nil }
            }
    }

    /// Bit N: place N is shown read-only.
    var readOnlyPlaces: UInt32 {
        var bits: UInt32 = 0
        var bit: UInt32 = writableLayer == nil ? 1 : 2
        for mount in mounts {
            guard case .host = mount.source else { continue }
            if mount.readOnly { bits |= bit }
            bit &<<= 1
        }
        return bits
    }
}
