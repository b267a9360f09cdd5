// SPDX-License-Identifier: Apache-2.0
// Compiles the policy to a BPF program through libseccomp, once at start. The helper attaches it.

import CSandbox
internal import CSeccomp
import Glibc

enum SeccompFilter {
    /// Compiles for the native architecture only: calls of another one (i386, x32) end the process.
    ///
    /// - Parameters:
    ///   - cookie: sixth argument that marks the set-up's own calls.
    ///   - refused: calls of the policy that this process has no use for: EPERM as well.
    ///   - reportsSockets: whether the filter reports each new socket to a listener; without a listener no socket can
    ///     be made.
    /// - Returns: the program, in the order that the kernel runs it.
    /// - Throws: ``SandboxError`` naming the call that libseccomp refused.
    static func compile(
        cookie: UInt64,
        without refused: Set<String> = [],
        reportsSockets: Bool = false
    ) throws(SandboxError) -> [csandbox_instruction] {
        guard let context = seccomp_init(CSeccomp_action_errno(UInt16(ENOSYS))) else {
            throw .unsupported("libseccomp on this architecture")
        }
        defer { seccomp_release(context) }
        // A balanced tree: a few comparisons for any call, and a short program to attach.
        try check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize")
        try check(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, CSeccomp_action_kill()), "architecture")
        try addPlainRules(context, without: refused)
        try addSetupRules(context, cookie: cookie)
        if refused.contains("socket") {
            try add(context, refusal, "socket", [])
        } else {
            try addSocketRules(context)
        }
        try addPersonalityRules(context)
        return try SeccompPrologue.make(cookie: cookie, reportsSockets: reportsSockets) + export(context)
    }

    private static let refusal = CSeccomp_action_errno(UInt16(EPERM))
    private static let allowance = CSeccomp_action_allow()

    private static func addPlainRules(
        _ context: scmp_filter_ctx,
        without refused: Set<String>
    ) throws(SandboxError) {
        for name in SystemCallPolicy.allowed {
            try add(context, refused.contains(name) ? refusal : allowance, name, [])
        }
        for name in SystemCallPolicy.refused { try add(context, refusal, name, []) }
    }

    private static func addSetupRules(_ context: scmp_filter_ctx, cookie: UInt64) throws(SandboxError) {
        let with = argument(5, SCMP_CMP_EQ, cookie)
        let without = argument(5, SCMP_CMP_NE, cookie)
        for name in SystemCallPolicy.setupOnly {
            try add(context, allowance, name, [with])
            try add(context, refusal, name, [without])
        }
        // A filter cannot read the flags of clone3, which are in memory; without the cookie it falls to the default,
        // ENOSYS, which makes the C library use clone(2). So does any other clone.
        try add(context, allowance, "clone3", [with])
        let flags = SystemCallPolicy.setupCloneFlags
        try add(context, allowance, "clone", [argument(0, SCMP_CMP_MASKED_EQ, flags, 0)])
        try add(context, allowance, "clone", [with])
    }

    private static func addSocketRules(_ context: scmp_filter_ctx) throws(SandboxError) {
        for family in SystemCallPolicy.refusedSocketFamilies {
            try add(context, refusal, "socket", [argument(0, SCMP_CMP_EQ, family)])
        }
        try add(context, allowance, "socket", [argument(0, SCMP_CMP_LT, 38)])
        try add(context, allowance, "socket", [argument(0, SCMP_CMP_EQ, 39)])
        try add(context, allowance, "socket", [argument(0, SCMP_CMP_GT, 40)])
    }

    private static func addPersonalityRules(_ context: scmp_filter_ctx) throws(SandboxError) {
        for personality in SystemCallPolicy.allowedPersonalities {
            try add(context, allowance, "personality", [argument(0, SCMP_CMP_EQ, personality)])
        }
    }

    private static func argument(
        _ number: UInt32,
        _ comparison: scmp_compare,
        _ first: UInt64,
        _ second: UInt64 = 0
    ) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: number, op: comparison, datum_a: first, datum_b: second)
    }

    /// Names that this libseccomp or architecture does not know stay at the default: they do not exist.
    private static func add(
        _ context: scmp_filter_ctx,
        _ action: UInt32,
        _ name: String,
        _ arguments: [scmp_arg_cmp]
    ) throws(SandboxError) {
        let number = seccomp_syscall_resolve_name(name)
        guard number >= 0 else { return }
        try check(seccomp_rule_add_array(context, action, number, UInt32(arguments.count), arguments), name)
    }

    private static func check(_ result: Int32, _ what: String) throws(SandboxError) {
        guard result == 0 else { throw .unsupported("seccomp rule '\(what)' (errno \(-result))") }
    }

    private static func export(_ context: scmp_filter_ctx) throws(SandboxError) -> [csandbox_instruction] {
        let raw = csandbox_memory_file("filter")
        guard raw >= 0 else { throw .system(call: "memfd_create", errorNumber: -raw) }
        let file = OwnedDescriptor(owning: raw)
        try check(seccomp_export_bpf(context, raw), "export")
        let size = Int(lseek(file.raw, 0, SEEK_END))
        let stride = MemoryLayout<csandbox_instruction>.stride
        var program = [csandbox_instruction](repeating: csandbox_instruction(), count: max(0, size) / stride)
        let read = program.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, $0.count, 0) }
        guard read == size, size > 0, size % stride == 0 else {
            throw .system(call: "pread", errorNumber: errno)
        }
        return program
    }
}
