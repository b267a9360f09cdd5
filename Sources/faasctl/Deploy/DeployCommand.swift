// SPDX-License-Identifier: Apache-2.0
// `faasctl deploy DIR` and `faasctl deploy NAME --image ...`.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploy a function from its folder or from an image.",
        discussion: """
            DIR holds a Dockerfile and usually a function.yaml. With --image the function is called NAME, and the \
            image is a reference, an archive (docker save or OCI) or an OCI layout folder. Words after -- replace \
            the image's CMD. Flags win over function.yaml.

            Examples:

                faasctl deploy ./hello --route /hello
                faasctl deploy report --image registry.example.com/report:1 --memory 256Mi
                faasctl deploy ./report --schedule '0 6 * * *' --timezone Europe/Berlin
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: ArgumentHelp("The folder, or the function's name with --image.", valueName: "dir|name"))
    var target: String

    @Option(help: ArgumentHelp("Reference, archive or OCI layout folder.", valueName: "ref|archive|dir"))
    var image: String?

    @Option(help: "The function's name; default: function.yaml's, else the folder's.")
    var name: String?

    @Flag(help: "Deploy the folder again with every change, and follow the log, until interrupted.")
    var watch = false

    @OptionGroup(title: "Configuration") var options: DeployOptions
    @OptionGroup(title: "Building") var building: BuildOptions

    @Argument(parsing: .postTerminator, help: ArgumentHelp("Replaces the image's CMD.", valueName: "cmd"))
    var command: [String] = []

    mutating func validate() throws {
        guard !target.isEmpty, image?.isEmpty != true else {
            throw ValidationError("expected a folder or a name, not an empty word")
        }
        if let name { _ = try NameArgument.function(name) }
        guard image == nil || !watch else { throw ValidationError("--watch requires a folder") }
        guard image == nil || name == nil else { throw ValidationError("--name requires a folder") }
        if image != nil { try requireNoBuildFlags(because: "--image names an image that exists") }
        var probe = FunctionConfiguration()
        // The manifest's values are not known yet.
        try options.apply(to: &probe, isWhole: image != nil)
        if image != nil {
            do { _ = try FunctionName(target) } catch { throw ValidationError("\(error)") }
        }
    }

    /// A flag of a build without a build is a mistake.
    private func requireNoBuildFlags(because reason: String) throws {
        guard let flag = building.given.first else { return }
        throw ValidationError("\(flag) has no effect: \(reason), nothing is built")
    }

    func run() async throws {
        let client = try global.client()
        guard watch else {
            _ = try await deployOnce(client)
            return
        }
        try await WatchedDeploy(global: global, folders: try watchedFolders()) {
            try await deployOnce(client)
        }.run()
    }

    /// The function's folder, and that of its Dockerfile where it is not below it.
    private func watchedFolders() throws -> [String] {
        let folder = URL(fileURLWithPath: target).standardizedFileURL
        let manifest = try FunctionFolder.read(folder, shown: target, name: name)
        guard let context = manifest.buildFolder.map({ BuildFolder.path($0, in: folder).path }),
            !(context + "/").hasPrefix(folder.path + "/")
        else { return [target] }
        return [target, context]
    }

    /// - Returns: the function's name.
    private func deployOnce(_ client: GatewayClient) async throws -> String {
        let deployer = Deployer(client: client, global: global)
        let folder = URL(fileURLWithPath: target)
        var manifest: FunctionManifest
        if let image {
            manifest = FunctionManifest(name: try FunctionName(target), image: image)
        } else {
            manifest = try FunctionFolder.read(folder, shown: target, name: name)
        }
        try namespace.place(&manifest)
        if manifest.buildFolder == nil, image == nil {
            try requireNoBuildFlags(because: "the manifest names an image that exists")
        }
        try options.apply(to: &manifest.configuration)
        if !command.isEmpty { manifest.configuration.command = command }
        let base = image == nil ? folder : URL(fileURLWithPath: ".")
        let answer = try await deployer.deploy(manifest, folder: base, build: try building.settings())
        try deployer.report(answer)
        return answer.qualifiedName
    }
}
