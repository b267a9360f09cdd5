// SPDX-License-Identifier: Apache-2.0
// Names of signals.

import Glibc
import Testing

@testable import FunctionModel

@Suite("A signal's name")
struct SignalNumberTests {
    @Test(
        "is a number, or a name with or without SIG",
        arguments: [
            ("9", SIGKILL), ("HUP", SIGHUP), ("sigterm", SIGTERM), ("SIGUSR1", SIGUSR1), ("64", 64),
            ("STOP", SIGSTOP), ("CHLD", SIGCHLD), ("POLL", SIGPOLL), ("SYS", SIGSYS), ("RTMIN", 34),
            ("SIGRTMIN+3", 37), ("RTMAX", 64), ("RTMAX-30", 34),
        ]
    )
    func numbers(text: String, number: Int32) {
        #expect(SignalNumber.of(text) == number)
    }

    @Test(
        "is nothing else",
        arguments: [
            "", "0", "65", "-1", "SIG", "NOPE", "RTMIN-1", "RTMAX+1", "RTMIN+31", "RTMAX-31", "RTMIN+256",
            "RTMIN3", "+9x",
        ]
    )
    func refuses(text: String) {
        #expect(SignalNumber.of(text) == nil)
    }
}
