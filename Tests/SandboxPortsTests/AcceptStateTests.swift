// SPDX-License-Identifier: Apache-2.0
// When a listener for links accepts, by events alone.

import Testing

@testable import SandboxPorts

@Suite("Accepting connections to other containers")
struct AcceptStateTests {
    @Test("one is asked for at a time")
    func one() {
        var state = AcceptState()
        #expect(state.asks() == true)
        #expect(state.asks() == false)
        state.accepted()
        #expect(state.asks() == true)
    }

    @Test("none is accepted while as many as may be are not joined")
    func joining() {
        var state = AcceptState()
        for _ in 0..<AcceptState.joiningMax {
            #expect(state.asks() == true)
            state.accepted()
        }
        #expect(state.asks() == false)
        state.joined()
        #expect(state.asks() == true)
    }

    @Test("none is accepted while as many as may be are open; a closed one makes room")
    func open() {
        var state = AcceptState()
        for _ in 0..<AcceptState.connectionsMax {
            #expect(state.asks() == true)
            state.accepted()
            state.joined()
        }
        #expect(state.openCount == AcceptState.connectionsMax)
        #expect(state.asks() == false)
        state.closed()
        #expect(state.asks() == true)
    }
}
