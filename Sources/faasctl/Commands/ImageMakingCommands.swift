// SPDX-License-Identifier: Apache-2.0
// `faasctl image history`, `image save` and `image index create`.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct ImageHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the steps that made an image, newest first."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Reference or digest.", transform: NameArgument.anything)
    var reference: String

    func run() async throws {
        let what = "cannot show the history of '\(reference)'"
        var request = GatewayRequest("GET", APIPath.imageHistory)
        request.query = [("reference", reference)]
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            var table = Table("CREATED", "SIZE", "LAYER", "CREATED BY")
            for step in try GatewayClient.decode([ImageBody.Step].self, from: body, what).reversed() {
                table.add(
                    step.created ?? "",
                    Moment.text(bytes: step.sizeBytes),
                    step.digest.map { String($0.hex.prefix(12)) } ?? "",
                    step.createdBy ?? ""
                )
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}

struct ImageSaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Write images to one archive for docker load and OCI tools."
    )

    // Not GlobalOptions: -o is the archive here, as in docker save.
    @Option(help: ArgumentHelp("The gateway's address.", valueName: "url"))
    var gateway: String?

    @Flag(name: .shortAndLong, help: "Suppress remarks.")
    var quiet = false

    @Argument(help: "References or digests.", transform: NameArgument.anything)
    var references: [String]

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp(
            "The archive; default: standard output unless it is a terminal.",
            valueName: "file"
        )
    )
    var file: String?

    func run() async throws {
        let what = "cannot save '\(references.joined(separator: "', '"))'"
        guard file != nil || !Terminal.output.isInteractive else {
            throw ValidationError("refusing to write an archive to a terminal: use -o FILE")
        }
        var request = GatewayRequest("GET", APIPath.imageArchives)
        request.query = references.map { ("reference", $0) }
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        var global = try GlobalOptions.parse([])
        global.gateway = gateway
        global.quiet = quiet
        let client = try global.client()
        let target = try ArchiveTarget(file: file, what)
        var refusal = Data()
        do throws(CommandFailure) {
            let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
                guard head.isSuccess else { return refusal.append(bytes) }
                try target.write(bytes, what)
            }
            guard head.isSuccess else {
                throw client.failure(GatewayResponse(head: head, body: refusal), what)
            }
            try target.keep(what)
        } catch {
            target.discard()
            guard error.isBrokenOff else { throw error }
            throw CommandFailure(
                what,
                why: "the gateway closed the connection before the archive was complete",
                next: "see its log"
            )
        }
        if let file { global.remark("saved \(references.count) image(s) to \(file)") }
    }
}

/// A file that appears when it is complete; or standard output.
private struct ArchiveTarget {
    private let file: String?
    private let temporary: String
    private let descriptor: Int32

    init(file: String?, _ what: String) throws(CommandFailure) {
        self.file = file
        temporary = (file ?? "") + ".\(UInt32.random(in: 0 ... .max)).partial"
        guard file != nil else {
            descriptor = Terminal.output.rawValue
            return
        }
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CommandFailure(what, why: "'\(temporary)': \(systemMessage(errno))")
        }
    }

    func write(_ bytes: Data, _ what: String) throws(CommandFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { unsafe Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                let errorNumber = errno
                guard errorNumber == EINTR else {
                    throw CommandFailure(what, why: "'\(file ?? "output")': \(systemMessage(errorNumber))")
                }
            } else {
                rest = rest.dropFirst(count)
            }
        }
    }

    func keep(_ what: String) throws(CommandFailure) {
        guard let file else { return }
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, file) == 0 else {
            throw CommandFailure(what, why: "'\(file)': \(systemMessage(errno))")
        }
    }

    /// Removes an incomplete archive.
    func discard() {
        if file != nil { unlink(temporary) }
    }
}

struct ImageIndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Several images under one name, one per platform.",
        subcommands: [ImageIndexCreateCommand.self]
    )
}

struct ImageIndexCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create an index of images that the gateway has; 'image push' sends it with all of them."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The index's name.", transform: NameArgument.anything)
    var name: String

    @Argument(help: "Images of one platform each, or indexes.", transform: NameArgument.anything)
    var images: [String]

    func run() async throws {
        let what = "cannot create the index '\(name)'"
        var request = GatewayRequest("POST", APIPath.imageIndexes)
        request.query = [("reference", name)] + images.map { ("image", $0) }
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let ended = try GatewayClient.decode(ImageBody.Named.self, from: body, what)
            return global.quiet ? "\(ended.digest)\n" : "created \(name) \(ended.digest)\n"
        }
    }
}
