// SPDX-License-Identifier: Apache-2.0
// `faasctl system df`: what images, containers and volumes take of the gateway's disk.

import ArgumentParser
import GatewayAPI

struct SystemCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system",
        abstract: "Show what the gateway keeps on its disk.",
        subcommands: [SystemDiskCommand.self]
    )
}

struct SystemDiskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "df",
        abstract: "Show what images, containers and volumes take of the gateway's disk.",
        discussion: """
            A container's part is its writable layer, which its --disk bounds; that of --rm is in memory. Unpacked \
            trees of images and the build cache are not counted. -v lists containers and volumes one by one.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "List containers and volumes one by one.")
    var verbose = false

    func run() async throws {
        let (disk, json) = try await global.client().disk("cannot show the disk")
        try global.emit(json: json) { verbose ? Self.list(disk) : Self.sums(disk) }
    }

    static func sums(_ disk: DiskBody) -> String {
        var table = Table("TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE")
        let rows = [
            ("Images", disk.images), ("Containers", disk.containers), ("Local Volumes", disk.volumes),
        ]
        for (name, sum) in rows {
            let share = sum.sizeBytes > 0 ? " (\(sum.reclaimableBytes * 100 / sum.sizeBytes)%)" : ""
            table.add(
                name,
                "\(sum.count)",
                "\(sum.activeCount)",
                Moment.text(bytes: sum.sizeBytes),
                Moment.text(bytes: sum.reclaimableBytes) + share
            )
        }
        return table.text(colour: Terminal.output.hasColour)
    }

    private static func list(_ disk: DiskBody) -> String {
        var table = Table("TYPE", "NAME", "SIZE", "LIMIT", "ACTIVE")
        for (type, items) in [("Container", disk.containerList), ("Volume", disk.volumeList)] {
            for item in items {
                table.add(
                    type,
                    item.name,
                    Moment.text(bytes: item.sizeBytes),
                    item.limitBytes.map { Moment.text(bytes: $0) } ?? "",
                    "\(item.isActive)"
                )
            }
        }
        return table.text(colour: Terminal.output.hasColour)
    }
}
