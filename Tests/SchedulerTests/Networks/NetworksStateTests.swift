// SPDX-License-Identifier: Apache-2.0
// Networks without containers: names, addresses, and who reaches whom.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("Networks of containers")
struct NetworksStateTests {
    /// Two networks; web is in both, db in `back` alone.
    private static func shop() throws -> NetworksState {
        var state = NetworksState()
        state.restored("front", number: 4)
        state.restored("back", number: 7)
        try state.joined(
            "w0123456789abcdef",
            name: "shop-web-1",
            hostname: "w0123456789a",
            [
                NetworkAttachment(name: "front", aliases: ["web"]),
                NetworkAttachment(name: "back", aliases: ["web"]),
            ]
        )
        try state.joined(
            "d0123456789abcdef",
            name: "shop-db-1",
            hostname: "database",
            [
                NetworkAttachment(name: "back", aliases: ["db", "store"])
            ]
        )
        return state
    }

    private static let web = "w0123456789abcdef", db = "d0123456789abcdef"

    @Test("a member finds itself at once, and others while they run, by aliases, name and short id")
    func names() throws {
        var state = try Self.shop()
        #expect(state.started(Self.web) == [Self.web])
        #expect(
            state.hosts(of: Self.web) == [
                HostsFile.Line("172.30.4.2", ["w0123456789a", "web", "shop-web-1", "w0123456789a"]),
                HostsFile.Line("172.30.7.2", ["w0123456789a", "web", "shop-web-1", "w0123456789a"]),
            ]
        )
        #expect(state.started(Self.db) == [Self.web, Self.db])
        let line = HostsFile.Line("172.30.7.3", ["db", "store", "shop-db-1", "d0123456789a"])
        #expect(state.hosts(of: Self.web).last == line)
        #expect(
            state.hosts(of: Self.db) == [
                HostsFile.Line("172.30.7.3", ["database", "db", "store", "shop-db-1", "d0123456789a"]),
                HostsFile.Line("172.30.7.2", ["web", "shop-web-1", "w0123456789a"]),
            ]
        )
        #expect(state.renamed(Self.db, to: "other") == [Self.web, Self.db])
        #expect(state.hosts(of: Self.web).last?.names.contains("other") == true)
        #expect(state.ended(Self.db) == [Self.web])
        #expect(state.hosts(of: Self.web).last != line)
        #expect(state.hosts(of: Self.web).count == 2)
    }

    @Test("the text of a hosts file has loopback first, and each name once in its line")
    func text() {
        let line = HostsFile.Line("172.30.4.2", ["web", "shop-web-1", "web"])
        #expect(
            HostsFile.text([line]) == "127.0.0.1\tlocalhost\n::1\tlocalhost\n172.30.4.2\tweb shop-web-1\n"
        )
    }

    @Test("a connection leads to a running member of a common network, and to nothing else")
    func routes() throws {
        var state = try Self.shop()
        _ = state.started(Self.web)
        let there = LinkAddress(network: 7, member: 3)
        #expect(state.route(from: Self.web, to: there) == nil)
        _ = state.started(Self.db)
        let route = state.route(from: Self.web, to: there)
        #expect(route?.id == Self.db && route?.source == LinkAddress(network: 7, member: 2))
        #expect(state.route(from: Self.db, to: LinkAddress(network: 7, member: 2))?.id == Self.web)
        // Of a network that it is not in, of itself, of no member, and of no link.
        #expect(state.route(from: Self.db, to: LinkAddress(network: 4, member: 2)) == nil)
        #expect(state.route(from: Self.db, to: there) == nil)
        #expect(state.route(from: Self.web, to: LinkAddress(network: 7, member: 9)) == nil)
        #expect(state.route(from: Self.web, to: LinkAddress(raw: 0x7F00_0001)) == nil)
        #expect(state.route(from: "stranger", to: there) == nil)
        state.left(Self.db)
        #expect(state.route(from: Self.web, to: there) == nil)
        #expect(state.members(of: "back").map(\.name) == ["shop-web-1"])
    }

    @Test("a container comes into one more network, and leaves one, while it runs")
    func changes() throws {
        var state = try Self.shop()
        _ = state.started(Self.web)
        _ = state.started(Self.db)
        let place = try state.connected(Self.db, NetworkAttachment(name: "front", aliases: ["second"]))
        #expect(place.address == LinkAddress(network: 4, member: 3))
        #expect(state.places(of: Self.db).map(\.network) == ["back", "front"])
        #expect(state.hosts(of: Self.web).contains { $0.names.contains("second") })
        #expect(state.route(from: Self.web, to: place.address)?.id == Self.db)
        #expect(state.peers(of: Self.db) == [Self.web])
        #expect(throws: NetworksState.Refusal.unknown("none")) {
            try state.connected(Self.db, NetworkAttachment(name: "none"))
        }
        #expect(state.disconnected(Self.db, from: "front") == place)
        #expect(state.disconnected(Self.db, from: "front") == nil)
        #expect(state.route(from: Self.web, to: place.address) == nil)
        #expect(!state.hosts(of: Self.web).contains { $0.names.contains("second") })
        // Its last one: it still finds itself.
        _ = state.disconnected(Self.db, from: "back")
        #expect(state.hosts(of: Self.db) == [HostsFile.Line("127.0.0.1", ["database"])])
        #expect(state.peers(of: Self.db).isEmpty && state.knows(Self.db))
        // Not the address that another container may remember.
        let again = try state.connected(Self.db, NetworkAttachment(name: "front"))
        #expect(again.address == LinkAddress(network: 4, member: 4))
        _ = state.ended(Self.db)
        #expect(state.disconnected(Self.db, from: "front") == again)
        #expect(!state.knows(Self.db) && state.members(of: "front").map(\.name) == ["shop-web-1"])
    }

    @Test("a network is removed when no container is in it, running or not")
    func removal() throws {
        var state = try Self.shop()
        #expect(state.removalRequested("other") == .isUnknown)
        #expect(state.removalRequested("back") == .isUsed(["shop-db-1", "shop-web-1"]))
        state.left(Self.web)
        state.left(Self.db)
        #expect(state.removalRequested("back") == .granted)
        #expect(state.removalRequested("back") == .isChanging)
        #expect(throws: NetworksState.Refusal.isChanging("back")) {
            try state.joined("x", name: "x", hostname: "x", [NetworkAttachment(name: "back")])
        }
        state.removalEnded("back", isRemoved: true)
        #expect(throws: NetworksState.Refusal.unknown("back")) {
            try state.joined("x", name: "x", hostname: "x", [NetworkAttachment(name: "back")])
        }
    }

    @Test("a refused container is in none of its networks, and takes no address")
    func refused() throws {
        var state = try Self.shop()
        #expect(throws: NetworksState.Refusal.unknown("none")) {
            try state.joined(
                "x",
                name: "x",
                hostname: "x",
                [
                    NetworkAttachment(name: "front"), NetworkAttachment(name: "none"),
                ]
            )
        }
        #expect(state.members(of: "front").count == 1)
        state.left(Self.web)
        try state.joined("x", name: "x", hostname: "x", [NetworkAttachment(name: "back")])
        #expect(state.places(of: "x").map(\.address.description) == ["172.30.7.4"])
    }

    @Test("networks, members and their names are bounded")
    func bounds() throws {
        var state = NetworksState()
        for number in 0..<NetworksState.countMax {
            #expect(state.creationRequested("n\(number)") == .make(number: UInt8(number)))
            state.creationEnded("n\(number)", isMade: true)
        }
        #expect(state.creationRequested("n0") == .exists)
        #expect(state.creationRequested("more") == .isFull)
        for number in 0..<NetworksState.membersMax {
            try state.joined("\(number)", name: "c\(number)", hostname: "h", [NetworkAttachment(name: "n0")])
        }
        #expect(throws: NetworksState.Refusal.isFull("n0")) {
            try state.joined("x", name: "x", hostname: "x", [NetworkAttachment(name: "n0")])
        }
        let long = String(repeating: "a", count: 60)
        let aliases = (0..<NetworkAttachment.aliasesMax).map { "\(long)\($0)" }
        #expect(throws: NetworksState.Refusal.names("n1")) {
            for number in 0..<100 {
                try state.joined(
                    "l\(number)",
                    name: long,
                    hostname: "h",
                    [
                        NetworkAttachment(name: "n1", aliases: aliases)
                    ]
                )
            }
        }
        #expect((15...30).contains(state.members(of: "n1").count))
    }

    @Test("a network that cannot be stored gives its name and number back")
    func notStored() {
        var state = NetworksState()
        #expect(state.creationRequested("a") == .make(number: 0))
        #expect(state.creationRequested("a") == .isChanging)
        state.creationEnded("a", isMade: false)
        #expect(state.creationRequested("b") == .make(number: 0))
    }

    @Test("an address is not given again before all others of the network")
    func addresses() throws {
        var state = NetworksState()
        state.restored("net", number: 4)
        var given: [UInt8] = []
        for number in 0..<NetworksState.membersMax {
            let id = "\(number)"
            try state.joined(id, name: "m", hostname: "m", [NetworkAttachment(name: "net", aliases: [])])
            given += state.members(of: "net").map(\.address.member)
            state.left(id)
        }
        #expect(given == Array(2...UInt8(NetworksState.membersMax + 1)))
        try state.joined("again", name: "m", hostname: "m", [NetworkAttachment(name: "net", aliases: [])])
        #expect(state.members(of: "net").map(\.address.member) == [2])
    }
}
