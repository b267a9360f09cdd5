// SPDX-License-Identifier: Apache-2.0
// Networks in a container's request: names, aliases and their bounds.

import Foundation
import FunctionModel
import Testing

@Suite("Networks of a request")
struct NetworkAttachmentTests {
    private static func request(_ networks: [NetworkAttachment]) -> ContainerRequest {
        var request = ContainerRequest(image: "box")
        request.networks = networks
        return request
    }

    @Test("are read with and without aliases, and written as they were read")
    func coded() throws {
        let json = #"{"image": "box", "networks": [{"name": "shop"}, {"name": "back", "aliases": ["db"]}]}"#
        let request = try JSONDecoder().decode(ContainerRequest.self, from: Data(json.utf8))
        let expected = [NetworkAttachment(name: "shop"), NetworkAttachment(name: "back", aliases: ["db"])]
        #expect(request.networks == expected)
        try request.validate()
        let again = try JSONDecoder().decode(ContainerRequest.self, from: JSONEncoder().encode(request))
        #expect(again == request)
    }

    @Test(
        "that mean no network of the gateway, come twice or are too many are refused",
        arguments: [
            [NetworkAttachment(name: "host")], [NetworkAttachment(name: "none")],
            [NetworkAttachment(name: "container:web")], [NetworkAttachment(name: "a b")],
            [NetworkAttachment(name: "shop"), NetworkAttachment(name: "shop")],
            (0...NetworkAttachment.countMax).map { NetworkAttachment(name: "shop\($0)") },
            [NetworkAttachment(name: "shop", aliases: ["two words"])],
            [NetworkAttachment(name: "shop", aliases: [""])],
            [NetworkAttachment(name: "shop", aliases: ["line\n127.0.0.1 evil"])],
            [NetworkAttachment(name: "shop", aliases: (0...NetworkAttachment.aliasesMax).map { "a\($0)" })],
        ]
    )
    func refused(_ networks: [NetworkAttachment]) {
        #expect(throws: ModelError.self) { try Self.request(networks).validate() }
    }

    @Test(
        "a hostname that would add to /etc/hosts is refused",
        arguments: ["a\n127.0.0.1 db", "two words", "a\tb"]
    )
    func hostname(_ text: String) {
        var request = ContainerRequest(image: "box")
        request.hostname = text
        #expect(throws: ModelError.self) { try request.validate() }
        request.hostname = "web-1.shop_a"
        #expect(throws: Never.self) { try request.validate() }
    }
}
