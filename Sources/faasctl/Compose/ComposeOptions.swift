// SPDX-License-Identifier: Apache-2.0
// The options that choose a project. Every subcommand of compose has them.

import ArgumentParser

/// `--file`, `--project-name`, `--profile`, `--env-file`, `--project-directory`.
struct ComposeOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A compose file; - is standard input; repeatable, later ones win.",
            valueName: "file"
        )
    )
    var file: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("The project's name. Default: the file's, else the folder's.", valueName: "name")
    )
    var projectName: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Enable the services of a profile; * is all; repeatable.", valueName: "name")
    )
    var profile: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("Variables for the files instead of .env; repeatable.", valueName: "file")
    )
    var envFile: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Folder that paths are relative to. Default: the first file's.",
            valueName: "folder"
        )
    )
    var projectDirectory: String?
}

/// `-f` and `-p` behind the subcommand, where they mean nothing else.
struct ShortComposeOptions: ParsableArguments {
    @Option(name: .customShort("f"), help: ArgumentHelp("As --file.", valueName: "file"))
    var shortFile: [String] = []

    @Option(name: .customShort("p"), help: ArgumentHelp("As --project-name.", valueName: "name"))
    var shortName: String?
}
