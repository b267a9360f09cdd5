// SPDX-License-Identifier: Apache-2.0
// `faasctl up`: deploys all functions of a stack.yaml.

import ArgumentParser
import Foundation

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Deploy every function of a stack.yaml."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(name: .shortAndLong, help: ArgumentHelp("The stack file.", valueName: "stack.yaml"))
    var file = "stack.yaml"

    func run() async throws {
        let text = try TextFile.read(file, for: "cannot read the stack '\(file)'")
        var stack = try StackManifest.read(
            text,
            file: file,
            variables: ProcessInfo.processInfo.environment
        )
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        // Missing files are reported before the first function is deployed.
        for index in stack.functions.indices {
            try stack.functions[index].addEnvironmentFiles(in: folder)
            try namespace.place(&stack.functions[index])
            let function = stack.functions[index]
            try Deployer.check(function)
            guard let buildFolder = function.buildFolder else { continue }
            let context = BuildFolder.path(buildFolder, in: folder)
            try BuildFolder.requireDockerfile(context, named: nil, "cannot deploy '\(function.name)'")
        }
        let deployer = Deployer(client: try global.client(fallback: stack.gateway), global: global)
        for function in stack.functions {
            let answer = try await deployer.deploy(function, folder: folder, build: BuildSettings())
            try deployer.report(answer)
        }
    }
}
