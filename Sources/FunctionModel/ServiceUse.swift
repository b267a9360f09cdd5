// SPDX-License-Identifier: Apache-2.0
// One entry of `uses`: a container that a function reaches, and the name under which it does.

/// A service of a function.
package struct ServiceUse: Hashable, Sendable {
    /// The container's name.
    package var container: String
    /// As the function's program calls it.
    package var alias: String

    /// Services of one function: each is a line of its /etc/hosts.
    package static let countMax = 16
    /// The network number of functions' links, which no network of containers has.
    private static let network: UInt8 = 255
    /// Addresses of services begin here; the one of functions is below.
    private static let firstMember: UInt8 = 16

    /// Parses `CONTAINER` or `CONTAINER:NAME`, as Docker's links have it.
    ///
    /// - Throws: ``ModelError``.
    package init(_ text: String) throws(ModelError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        container = try ContainerName.checked(parts[0], field: "uses")
        alias = parts.last ?? container
        guard (1...NetworkAttachment.aliasLengthMax).contains(alias.utf8.count),
            ContainerName.isMadeOfAllowed(alias)
        else {
            let expected = "CONTAINER or CONTAINER:NAME with a name of letters, digits, '-', '_' or '.'"
            throw ModelError(field: "uses", value: text, expected: expected)
        }
    }

    /// The address of a function's sandbox.
    package static let ownAddress = LinkAddress(network: network, member: 2)

    /// The address of the service with this place in `uses`.
    package static func address(_ index: Int) -> LinkAddress {
        LinkAddress(network: network, member: firstMember + UInt8(index))
    }

    /// The place in `uses` of the service with this address; nil for another one.
    package static func index(of address: LinkAddress, count: Int) -> Int? {
        (0..<count).first { Self.address($0) == address }
    }
}

extension FunctionConfiguration {
    /// The services of `uses`, in its order; those that are malformed are refused by ``validate()``.
    package var services: [ServiceUse] { uses.compactMap { try? ServiceUse($0) } }

    /// Refuses services that are malformed, too many, or of one name.
    func validateUses() throws(ModelError) {
        guard uses.count <= ServiceUse.countMax else {
            let expected = "at most \(ServiceUse.countMax) services"
            throw ModelError(field: "uses", value: "\(uses.count)", expected: expected)
        }
        var names: Set<String> = []
        for text in uses {
            let name = try ServiceUse(text).alias
            guard names.insert(name).inserted else {
                throw ModelError(field: "uses", value: name, expected: "each name once")
            }
        }
    }
}
