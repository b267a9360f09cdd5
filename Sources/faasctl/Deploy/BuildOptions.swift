// SPDX-License-Identifier: Apache-2.0
// The flags of a build; build and deploy have them.

import ArgumentParser

/// The settings of a build.
struct BuildSettings: Hashable, Sendable {
    var dockerfile: String?
    var arguments: [String: String] = [:]
    var target: String?
    var noCache = false
    var platform: String?
    var network: String?
    /// Names of the gateway's secrets.
    var secrets: [String] = []
    /// The image's reference.
    var tag: String?
}

/// `-f`, `--build-arg`, `--target`, `--no-cache`, `--platform`.
struct BuildOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp("Dockerfile, relative to the folder.", valueName: "dockerfile")
    )
    var file: String?

    @Option(help: ArgumentHelp("Value for an ARG; repeatable.", valueName: "k=v"))
    var buildArg: [String] = []

    @Option(help: ArgumentHelp("Stage to build; default: the last one.", valueName: "stage"))
    var target: String?

    @Flag(help: "Execute every step, without the build cache.")
    var noCache = false

    @Option(help: ArgumentHelp("For example linux/arm64.", valueName: "os/arch"))
    var platform: String?

    /// The given flags in their written form.
    var given: [String] {
        let flags: [(isGiven: Bool, name: String)] = [
            (file != nil, "--file"), (!buildArg.isEmpty, "--build-arg"), (target != nil, "--target"),
            (noCache, "--no-cache"), (platform != nil, "--platform"),
        ]
        return flags.filter(\.isGiven).map(\.name)
    }

    /// The flags as a value.
    func settings() throws -> BuildSettings {
        var settings = BuildSettings()
        settings.dockerfile = file
        settings.target = target
        settings.noCache = noCache
        settings.platform = platform
        for text in buildArg {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ValidationError("--build-arg: '\(text)' is not valid, expected KEY=VALUE")
            }
            settings.arguments[String(parts[0])] = String(parts[1])
        }
        return settings
    }
}
