// SPDX-License-Identifier: Apache-2.0
// `faasctl compose config`: the project after variables, merging and defaults. It asks no gateway.

import ArgumentParser
import Compose
import Foundation

struct ComposeConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the files and print the project that they make."
    )

    /// The form of the whole project.
    enum Form: String, ExpressibleByArgument, CaseIterable { case yaml, json }

    @OptionGroup var project: ComposeOptions
    @OptionGroup var short: ShortComposeOptions

    @Option(help: "yaml or json.")
    var format = Form.yaml

    @Flag(help: "Print the names of the services, dependencies first.")
    var services = false

    @Flag(help: "Print the names of the images.")
    var images = false

    @Flag(help: "Print the names of the volumes.")
    var volumes = false

    @Flag(name: .shortAndLong, help: "Check only.")
    var quiet = false

    @Argument(help: ArgumentHelp("Services that are enabled whatever their profiles.", valueName: "service"))
    var names: [String] = []

    func validate() throws {
        guard [services, images, volumes, quiet].count(where: { $0 }) <= 1 else {
            throw ValidationError("--services, --images, --volumes and -q exclude each other")
        }
    }

    func run() throws {
        let files = try ComposeFiles.find(project, short: short)
        let project = try files.project(project, short: short, chosen: names)
        for remark in project.remarks { Terminal.error.remark("faasctl: \(remark)") }
        for service in project.services { _ = try service.functionManifest(project: project.name) }
        if quiet { return }
        if services {
            for service in try project.startOrder() { try Terminal.output.line(service.name) }
        } else if images {
            let names = Set(project.services.map { $0.imageName(project: project.name) })
            for name in names.sorted() { try Terminal.output.line(name) }
        } else if volumes {
            for volume in project.volumes { try Terminal.output.line(volume.key) }
        } else {
            try write(project)
        }
    }

    private func write(_ project: ComposeProject) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        let json: Data
        do { json = try encoder.encode(project.rendered.escapingVariables) } catch {
            throw CommandFailure("cannot write the project", why: "\(error)")
        }
        let form: OutputFormat = format == .yaml ? .yaml : .json
        try form.emit(json: json) { "" }
    }
}
