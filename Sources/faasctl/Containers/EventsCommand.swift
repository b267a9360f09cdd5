// SPDX-License-Identifier: Apache-2.0
// `faasctl events`: what happens to containers, in Docker's form.

import ArgumentParser
import Foundation
import GatewayAPI

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happens to containers, until interrupted."
    )

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("A Go template, or json.", valueName: "format"))
    var format: String?

    func run() async throws {
        let client = try global.client()
        let what = "cannot listen for events"
        var request = GatewayRequest("GET", APIPath.containerEvents)
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        var splitter = ResponseLineSplitter()
        var refusal = Data()
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            for line in splitter.append(bytes) where !line.isEmpty {
                let event = try GatewayClient.decode(ContainerEventBody.self, from: line, what)
                try Terminal.output.write(try Self.text(event, format).utf8)
            }
        }
        guard head.isSuccess else { throw client.failure(GatewayResponse(head: head, body: refusal), what) }
    }

    /// For example `2026-01-31T12:00:05Z container start ID (image=box, name=web)`.
    static func text(_ event: ContainerEventBody, _ format: String?) throws(CommandFailure) -> String {
        var attributes = ["image": event.image, "name": event.name]
        if let code = event.exitCode { attributes["exitCode"] = String(code) }
        guard let format else {
            let pairs = attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let time = APIJSON.timestamp(event.time)
            return "\(time) container \(event.action) \(event.id) (\(pairs.joined(separator: ", ")))\n"
        }
        let value: TemplateValue = .members([
            "status": .text(event.action),
            "id": .text(event.id),
            "from": .text(event.image),
            "Type": .text("container"),
            "Action": .text(event.action),
            "Actor": .members(["ID": .text(event.id), "Attributes": .texts(attributes)]),
            "scope": .text("local"),
            "time": .integer(Int(event.time.timeIntervalSince1970)),
        ])
        return try InspectCommand.text([value], format)
    }
}
