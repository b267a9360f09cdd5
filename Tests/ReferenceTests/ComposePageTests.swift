// SPDX-License-Identifier: Apache-2.0
// docs/reference/compose.md against the keys that the readers of compose files take and refuse.

import Compose
import Testing

@Suite("docs/reference/compose.md")
struct ComposePageTests {
    private static let taken: [(table: String, keys: [String])] = [
        ("top", ComposeSchema.top), ("service", ComposeSchema.service), ("build", ComposeSchema.build),
        ("dependency", ComposeSchema.dependency), ("healthcheck", ComposeSchema.healthcheck),
        ("attachment", ComposeSchema.attachment), ("port", ComposeSchema.port),
        ("mount", ComposeSchema.mount),
        ("grant", ComposeSchema.grant), ("environmentFile", ComposeSchema.environmentFile),
        ("deploy", ComposeSchema.deploy), ("volume", ComposeSchema.volume),
        ("network", ComposeSchema.network),
        ("content", ComposeSchema.content),
    ]
    private static let refused: [(table: String, keys: [String: String])] = [
        ("top", ComposeSchema.topRefused), ("service", ComposeSchema.serviceRefused),
        ("build", ComposeSchema.buildRefused), ("attachment", ComposeSchema.attachmentRefused),
        ("port", ComposeSchema.portRefused), ("mount", ComposeSchema.mountRefused),
        ("deploy", ComposeSchema.deployRefused), ("volume", ComposeSchema.volumeRefused),
        ("network", ComposeSchema.networkRefused), ("grant", ComposeSchema.grantRefused),
        ("content", ComposeSchema.contentRefused),
    ]

    @Test("has a row for every key that is taken, and for no other")
    func keys() throws {
        let page = try ReferencePage.read("compose.md")
        for (table, keys) in Self.taken {
            expectNames(
                page,
                table: "\(table) key",
                in: Dictionary(uniqueKeysWithValues: keys.map { ($0, "") })
            )
        }
    }

    @Test("has a row for every key that is refused, with what to do instead")
    func refusals() throws {
        let page = try ReferencePage.read("compose.md")
        for (table, keys) in Self.refused {
            expectNames(page, table: "refused \(table) key", in: keys)
            expectValues(page, table: "refused \(table) key", column: "instead", are: keys)
        }
    }
}
