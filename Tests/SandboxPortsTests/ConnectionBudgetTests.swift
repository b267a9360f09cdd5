// SPDX-License-Identifier: Apache-2.0
// The bound on connections of all containers together, by events alone, and a listener for links that finds no place.

import Glibc
import NIOCore
import Testing

@testable import SandboxPorts

@Suite("The gateway's bound on connections of ports and links")
struct ConnectionBudgetTests {
    /// A budget with so many places.
    static func budget(places: Int) -> ConnectionBudget {
        let each = ConnectionBudgetState.descriptorsEach
        return ConnectionBudget(descriptorsMax: places * each * ConnectionBudgetState.descriptorsPart)
    }

    @Test("is a part of the descriptors, never nothing", arguments: [(20_000, 5_000), (256, 64), (0, 1)])
    func size(descriptors: Int, places: Int) {
        #expect(ConnectionBudgetState(descriptorsMax: descriptors).placesMax == places)
    }

    /// Takes one after the other in turns until no holder gets one, or more are taken than there are.
    private func fill(_ state: inout ConnectionBudgetState, holders: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: holders)
        var isFull = false
        while !isFull, state.takenCount <= state.placesMax {
            isFull = true
            for index in counts.indices where state.take(holding: counts[index]) {
                counts[index] += 1
                isFull = false
            }
        }
        return counts
    }

    @Test(
        "one holder gets half, several a share each, and there is a place for one more",
        arguments: [1, 2, 9]
    )
    func shares(holders: Int) {
        var state = ConnectionBudgetState(descriptorsMax: 4000)
        let counts = fill(&state, holders: holders)
        for count in counts { #expect((1000 / (holders + 1)...1000 / (holders + 1) + 1).contains(count)) }
        #expect(state.takenCount == counts.reduce(0, +))
        let gotOne = state.take(holding: 0)
        #expect(gotOne == true)
    }

    @Test("what is given back can be taken again, and no more than that")
    func free() {
        var state = ConnectionBudgetState(descriptorsMax: 16)
        let counts = fill(&state, holders: 1)
        #expect(counts == [2])
        state.free(1)
        #expect(state.take(holding: 1) == true)
        #expect(state.take(holding: 2) == false)
        // Holders without any take the rest.
        #expect(state.take(holding: 0) == true)
        #expect(state.take(holding: 0) == true)
        #expect(state.take(holding: 0) == false)
    }

    @Test("counts flows of datagrams too")
    func flows() {
        let gateway = Self.budget(places: 4)
        let flows = FlowBudget(gateway)
        #expect(flows.take() && flows.take() && !flows.take())
        #expect(gateway.takenCount == 2 && flows.flowCount == 2)
        flows.free(2)
        #expect(gateway.takenCount == 0 && flows.flowCount == 0)
    }

    @Test("a listener for links resets what finds no place, and goes on to the next one")
    func links() async throws {
        let server = PortForwarderTests.server(SOCK_STREAM)
        _ = fcntl(server.socket, F_SETFL, O_NONBLOCK)
        let budget = Self.budget(places: 1)
        #expect(budget.take(holding: 0) == true)
        let listener = try await LinkListener.open(server.socket, within: budget) { _, _ in
            throw ChannelError.operationUnsupported
        }
        for turn in 0..<AcceptState.joiningMax * 3 {
            let end = PortForwarderTests.connect(server.port)
            var byte: UInt8 = 0
            let isReset = recv(end, &byte, 1, 0) == -1 && errno == ECONNRESET
            close(end)
            try #require(isReset, "turn \(turn)")
        }
        #expect(budget.takenCount == 1)
        listener.close()
    }
}
