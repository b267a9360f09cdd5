// SPDX-License-Identifier: Apache-2.0
// Which containers are in which networks, their addresses, and who reaches whom: decisions without IO. ContainerNetworks
// drives it.

import FunctionModel

/// All networks of one gateway.
struct NetworksState {
    /// Networks of one gateway: a network's number is one byte, and the last one is for the links of functions.
    static let countMax = 255
    /// Members of one network, running or not: 1 to 253 is the last byte of an address but one.
    static let membersMax = 253
    /// Bytes of the names of all members of one network: with ``NetworkAttachment/countMax`` of them the hosts file fits
    /// into its container's 256 KiB for files of /etc.
    static let namesBytesMax = 24 * 1024

    /// One container's place in one network.
    struct Place: Hashable {
        var network: String
        var address: LinkAddress
        /// Its names there, besides its own and its id.
        var aliases: [String]
    }

    private struct Network {
        let number: UInt8
        /// It is being stored or removed.
        var isChanging: Bool
        /// The last bytes of addresses, by the members' ids.
        var members: [String: UInt8] = [:]
        /// The member's byte that was given last: a client that remembers the address of a removed container must not
        /// soon reach another one there.
        var lastNumber: UInt8 = 1

        /// The next free one behind it; nil when there is none.
        var nextNumber: UInt8? {
            let taken = Set(members.values)
            let all = 2...UInt8(NetworksState.membersMax + 1)
            return all.first { $0 > lastNumber && !taken.contains($0) } ?? all.first { !taken.contains($0) }
        }
    }

    private struct Member {
        var name: String
        let hostname: String
        let extraHosts: [HostEntry]
        var places: [Place]
        var isRunning = false
    }

    private var networks: [String: Network] = [:]
    private var members: [String: Member] = [:]

    // MARK: Networks

    enum Creation: Hashable {
        /// Store it with this number; ``creationEnded(_:isMade:)`` follows.
        case make(number: UInt8)
        case exists
        case isChanging
        case isFull
    }

    /// A network is to be made.
    mutating func creationRequested(_ name: String) -> Creation {
        if let network = networks[name] { return network.isChanging ? .isChanging : .exists }
        let taken = Set(networks.values.map(\.number))
        guard let number = (0..<UInt8(Self.countMax)).first(where: { !taken.contains($0) }) else {
            return .isFull
        }
        networks[name] = Network(number: number, isChanging: true)
        return .make(number: number)
    }

    /// The network is stored, or cannot be.
    mutating func creationEnded(_ name: String, isMade: Bool) {
        if isMade { networks[name]?.isChanging = false } else { networks[name] = nil }
    }

    /// A network was found in the store.
    mutating func restored(_ name: String, number: UInt8) {
        networks[name] = Network(number: number, isChanging: false)
    }

    enum Removal: Hashable {
        /// ``removalEnded(_:isRemoved:)`` follows.
        case granted
        case isUnknown
        case isChanging
        /// By the containers of these names.
        case isUsed([String])
    }

    /// A network is to be removed.
    mutating func removalRequested(_ name: String) -> Removal {
        guard let network = networks[name] else { return .isUnknown }
        guard !network.isChanging else { return .isChanging }
        let users = network.members.keys.compactMap { members[$0]?.name }.sorted()
        guard users.isEmpty else { return .isUsed(users) }
        networks[name]?.isChanging = true
        return .granted
    }

    /// The network is gone, or stays for a failure.
    mutating func removalEnded(_ name: String, isRemoved: Bool) {
        if isRemoved { networks[name] = nil } else { networks[name]?.isChanging = false }
    }

    /// The members of a network, by their ids.
    func members(of network: String) -> [(id: String, name: String, address: LinkAddress)] {
        guard let network = networks[network] else { return [] }
        return network.members.sorted { $0.value < $1.value }.compactMap { id, number in
            members[id].map { (id, $0.name, LinkAddress(network: network.number, member: number)) }
        }
    }

    // MARK: Members

    enum Refusal: Error, Hashable {
        case unknown(String)
        case isChanging(String)
        case isFull(String)
        /// The names of its members take too much space.
        case names(String)
    }

    /// A container is made: gives it an address in each of its networks, until ``left(_:)``.
    ///
    /// - Throws: ``Refusal``; it is in none of them then.
    mutating func joined(
        _ id: String,
        name: String,
        hostname: String,
        extraHosts: [HostEntry] = [],
        _ attachments: [NetworkAttachment]
    ) throws(Refusal) {
        var places: [Place] = []
        for attachment in attachments { places.append(try place(attachment, name: name)) }
        for place in places { take(place, id) }
        guard !places.isEmpty else { return }
        members[id] = Member(name: name, hostname: hostname, extraHosts: extraHosts, places: places)
    }

    /// A free place in a network.
    private func place(_ attachment: NetworkAttachment, name: String) throws(Refusal) -> Place {
        guard let network = networks[attachment.name] else { throw .unknown(attachment.name) }
        guard !network.isChanging else { throw .isChanging(attachment.name) }
        guard let number = network.nextNumber else { throw .isFull(attachment.name) }
        let bytes = Self.bytes(name, attachment.aliases) + namesBytes(of: network, attachment.name)
        guard bytes <= Self.namesBytesMax else { throw .names(attachment.name) }
        let address = LinkAddress(network: network.number, member: number)
        return Place(network: attachment.name, address: address, aliases: attachment.aliases)
    }

    private mutating func take(_ place: Place, _ id: String) {
        networks[place.network]?.members[id] = place.address.member
        networks[place.network]?.lastNumber = place.address.member
    }

    /// A container that is in another network comes into one more, running or not.
    ///
    /// - Returns: its place, which has an address that no other member has.
    /// - Throws: ``Refusal``; nothing has changed then.
    mutating func connected(_ id: String, _ attachment: NetworkAttachment) throws(Refusal) -> Place {
        let place = try self.place(attachment, name: members[id]?.name ?? "")
        take(place, id)
        members[id]?.places.append(place)
        return place
    }

    /// A container leaves one of its networks; those that it shared it with have to be told before.
    ///
    /// - Returns: the place that it had; nil where it had none.
    mutating func disconnected(_ id: String, from network: String) -> Place? {
        guard let index = members[id]?.places.firstIndex(where: { $0.network == network }) else { return nil }
        networks[network]?.members[id] = nil
        let place = members[id]?.places.remove(at: index)
        if members[id]?.places.isEmpty == true, members[id]?.isRunning == false { members[id] = nil }
        return place
    }

    /// Whether a container is in a network, or runs with addresses that it had.
    func knows(_ id: String) -> Bool { members[id] != nil }

    private func namesBytes(of network: Network, _ name: String) -> Int {
        network.members.keys.reduce(0) { sum, id in
            guard let member = members[id] else { return sum }
            let aliases = member.places.first { $0.network == name }?.aliases ?? []
            return sum + Self.bytes(member.name, aliases)
        }
    }

    /// A line of the hosts file with the longest address.
    private static func bytes(_ name: String, _ aliases: [String]) -> Int {
        aliases.reduce(16 + name.utf8.count + ContainerName.shortIDLength + 2) { $0 + $1.utf8.count + 1 }
    }

    /// A container is removed.
    mutating func left(_ id: String) {
        for place in members[id]?.places ?? [] { networks[place.network]?.members[id] = nil }
        members[id] = nil
    }

    /// A container has another name.
    ///
    /// - Returns: those whose hosts files change.
    mutating func renamed(_ id: String, to name: String) -> [String] {
        members[id]?.name = name
        return members[id]?.isRunning == true ? peers(of: id) + [id] : []
    }

    /// A container's program is about to run.
    ///
    /// - Returns: those whose hosts files change.
    mutating func started(_ id: String) -> [String] {
        members[id]?.isRunning = true
        return peers(of: id) + [id]
    }

    /// A container has ended.
    ///
    /// - Returns: those whose hosts files change.
    mutating func ended(_ id: String) -> [String] {
        members[id]?.isRunning = false
        return peers(of: id)
    }

    /// Its places, in the order of its request.
    func places(of id: String) -> [Place] { members[id]?.places ?? [] }

    /// Running containers that have a network in common with one, without it.
    func peers(of id: String) -> [String] {
        let all = Set(places(of: id).flatMap { networks[$0.network]?.members.keys.map { $0 } ?? [] })
        return all.filter { $0 != id && members[$0]?.isRunning == true }.sorted()
    }

    // MARK: Names and connections

    /// The lines of a container's /etc/hosts: itself, the names of its request, then who runs in its networks.
    func hosts(of id: String) -> [HostsFile.Line] {
        guard let own = members[id] else { return [] }
        var lines = own.places.map { place in
            HostsFile.Line(place.address.description, [own.hostname] + names(of: id, own, place))
        }
        // It has left all of its networks while it runs.
        if own.places.isEmpty { lines.append(HostsFile.Line("127.0.0.1", [own.hostname])) }
        lines += own.extraHosts.map { HostsFile.Line($0.address, [$0.name]) }
        for place in own.places {
            for other in members(of: place.network) where other.id != id {
                guard let member = members[other.id], member.isRunning,
                    let there = member.places.first(where: { $0.network == place.network })
                else { continue }
                lines.append(HostsFile.Line(other.address.description, names(of: other.id, member, there)))
            }
        }
        return lines
    }

    /// As with Docker: aliases, the name, the short id.
    private func names(of id: String, _ member: Member, _ place: Place) -> [String] {
        place.aliases + [member.name, String(id.prefix(ContainerName.shortIDLength))]
    }

    /// Where a container's connection to an address leads; nil when it leads nowhere.
    ///
    /// - Returns: the other container, and the address that the connection comes from.
    func route(from id: String, to address: LinkAddress) -> (id: String, source: LinkAddress)? {
        guard address.isLink, let own = members[id],
            let place = own.places.first(where: { $0.address.network == address.network }),
            let other = networks[place.network]?.members.first(where: { $0.value == address.member })?.key,
            other != id, members[other]?.isRunning == true
        else { return nil }
        return (other, place.address)
    }
}
