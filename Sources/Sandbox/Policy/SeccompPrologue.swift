// SPDX-License-Identifier: Apache-2.0
// What comes before libseccomp's program: rules about arguments that the kernel cuts to 32 bits, where comparing all
// 64 would let through what has other high bits; and the word to the listener of each socket. SeccompFilter puts it
// there.

import CSandbox
internal import CSeccomp
import Glibc

enum SeccompPrologue {
    /// Where a jump leads.
    private enum Place { case next, sockets, family, commands, refused, allowed, end }

    private struct Line {
        var code: UInt16
        var k: UInt32
        var isTrue = Place.next
        var isFalse = Place.next
    }

    /// The instructions for this architecture; none for others, which libseccomp's program ends.
    static func make(cookie: UInt64, reportsSockets: Bool) -> [csandbox_instruction] {
        guard let architecture else { return [] }
        let blocks: [(Place, [Line])] = [
            (.next, head(architecture, reportsSockets: reportsSockets)),
            (.sockets, cookieCheck(cookie)),
            (.family, familyCheck(reportsSockets: reportsSockets)),
            (.commands, commandCheck),
            (.refused, [Line(code: Code.answer, k: CSeccomp_action_errno(UInt16(EPERM)))]),
            (.allowed, [Line(code: Code.answer, k: CSeccomp_action_allow())]),
        ]
        return assemble(blocks)
    }

    /// linux/bpf_common.h.
    private enum Code {
        static let load: UInt16 = 0x20
        static let isEqual: UInt16 = 0x15
        static let go: UInt16 = 0x05
        static let answer: UInt16 = 0x06
    }

    /// linux/seccomp.h: SECCOMP_RET_USER_NOTIF.
    private static let tellListener: UInt32 = 0x7fc0_0000

    /// linux/audit.h.
    private static var architecture: UInt32? {
        #if arch(x86_64)
            0xc000_003e
        #elseif arch(arm64)
            0xc000_00b7
        #else
            nil
        #endif
    }

    /// Offsets in `struct seccomp_data`, little-endian.
    private static func loadArgument(_ number: UInt32, high: Bool = false) -> Line {
        Line(code: Code.load, k: 16 + 8 * number + (high ? 4 : 0))
    }

    private static func head(_ architecture: UInt32, reportsSockets: Bool) -> [Line] {
        var lines = [
            Line(code: Code.load, k: 4),
            Line(code: Code.isEqual, k: architecture, isFalse: .end),
            Line(code: Code.load, k: 0),
        ]
        let calls: [(String, Place)] =
            [("fcntl", .commands), ("socket", .sockets)] + (reportsSockets ? [("socketpair", .sockets)] : [])
        for (name, place) in calls {
            let number = UInt32(bitPattern: seccomp_syscall_resolve_name(name))
            lines.append(Line(code: Code.isEqual, k: number, isTrue: place))
        }
        return lines + [Line(code: Code.go, k: 0, isTrue: .end)]
    }

    /// The set-up's own sockets pass without a report.
    private static func cookieCheck(_ cookie: UInt64) -> [Line] {
        [
            loadArgument(5),
            Line(code: Code.isEqual, k: UInt32(truncatingIfNeeded: cookie), isFalse: .family),
            loadArgument(5, high: true),
            Line(code: Code.isEqual, k: UInt32(truncatingIfNeeded: cookie >> 32), isTrue: .allowed),
        ]
    }

    private static func familyCheck(reportsSockets: Bool) -> [Line] {
        [loadArgument(0)]
            + SystemCallPolicy.refusedSocketFamilies.map {
                Line(code: Code.isEqual, k: UInt32($0), isTrue: .refused)
            }
            + [
                reportsSockets
                    ? Line(code: Code.answer, k: tellListener) : Line(code: Code.go, k: 0, isTrue: .end)
            ]
    }

    private static var commandCheck: [Line] {
        [loadArgument(1)]
            + SystemCallPolicy.refusedFileCommands.map {
                Line(code: Code.isEqual, k: $0, isTrue: .refused)
            }
            + [Line(code: Code.go, k: 0, isTrue: .end)]
    }

    private static func assemble(_ blocks: [(Place, [Line])]) -> [csandbox_instruction] {
        var places: [Place: Int] = [:]
        var count = 0
        for (place, lines) in blocks {
            places[place] = count
            count += lines.count
        }
        places[.end] = count
        var here = 0
        return blocks.flatMap(\.1).map { line in
            here += 1
            // Jumps are counted from the next instruction on, and are shorter than 256.
            func distance(_ place: Place) -> Int { place == .next ? 0 : (places[place] ?? count) - here }
            let isGo = line.code == Code.go
            return csandbox_instruction(
                code: line.code,
                jump_true: isGo ? 0 : UInt8(distance(line.isTrue)),
                jump_false: isGo ? 0 : UInt8(distance(line.isFalse)),
                k: isGo ? UInt32(distance(line.isTrue)) : line.k
            )
        }
    }
}
