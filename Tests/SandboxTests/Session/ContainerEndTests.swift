// SPDX-License-Identifier: Apache-2.0
// The one table of what a container's end means.

import Glibc
import Testing

@testable import Sandbox

@Suite struct ContainerEndTests {
    private static let rows: [(ExitReport.Ending, Bool, ContainerEnd.Meaning, Int32)] = [
        (.exited(code: 0), false, .success, 0), (.exited(code: 7), false, .failure, 7),
        (.exited(code: 0), true, .success, 0), (.exited(code: 137), true, .outOfMemory, 137),
        (.signalled(SIGSEGV), false, .signal, 139), (.signalled(SIGKILL), true, .outOfMemory, 137),
        (.execFailed(errorNumber: ENOENT), false, .notExecuted, 127),
        (.execFailed(errorNumber: ENOTDIR), false, .notExecuted, 127),
        (.execFailed(errorNumber: EACCES), false, .notExecuted, 126),
        (.execFailed(errorNumber: ENOEXEC), false, .notExecuted, 126),
        (.lost(reason: "gone"), false, .lost, 125), (.notStarted(reason: "gone"), false, .notStarted, 125),
    ]

    @Test("every end has a meaning and the code that shells and Docker give it", arguments: rows)
    func table(
        _ ending: ExitReport.Ending,
        _ isOutOfMemory: Bool,
        _ meaning: ContainerEnd.Meaning,
        _ code: Int32
    ) {
        var report = ExitReport(ending: ending)
        report.oomKilled = isOutOfMemory
        let end = ContainerEnd(report, program: "/x")
        #expect(end.meaning == meaning)
        #expect(end.shellCode == code)
    }

    @Test(
        "a command that cannot run is named with the reason, and a missing interpreter with its invisible bytes"
    )
    func notes() {
        var report = ExitReport(ending: .execFailed(errorNumber: ENOENT))
        #expect(ContainerEnd(report, program: "/x").note?.hasPrefix("'/x' is not in the container") == true)
        report.missingInterpreter = "/bin/sh\r"
        #expect(
            ContainerEnd(report, program: "/x").note
                == #"'/x' needs '/bin/sh\r', which is not in the container (save the file with Unix line ends)"#
        )
        let denied = ContainerEnd(ExitReport(ending: .execFailed(errorNumber: EACCES)), program: "/x")
        #expect(denied.note?.contains("cannot be executed: no permission") == true)
        #expect(ContainerEnd(ExitReport(ending: .exited(code: 1)), program: "/x").note == nil)
    }
}
