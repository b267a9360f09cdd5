// SPDX-License-Identifier: Apache-2.0
// How many sandboxes this host may hold at once, and how many descriptors the gateway. Engine asks.

import Glibc

/// The default of `sandboxesMax`, and the limit of descriptors.
enum HostCapacity {
    /// Memory reckoned per sandbox: a blocked one costs up to half a megabyte, a small running function a few,
    /// and the kernel keeps namespaces, mounts and cgroups besides.
    static let bytesPerSandbox = 16 << 20
    /// Even the smallest host can take turns with these.
    static let sandboxesFloor = 16
    /// Above this the kernel's own tables, not memory, are the limit.
    static let sandboxesCeiling = 4096

    static func sandboxesMax(memoryBytes: Int = memoryBytes) -> Int {
        min(sandboxesCeiling, max(sandboxesFloor, memoryBytes / bytesPerSandbox))
    }

    /// Files that this process may have open at once; the gateway has raised the limit before there is an engine.
    static var descriptorsMax: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    /// This host's memory in bytes.
    static var memoryBytes: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }
}
