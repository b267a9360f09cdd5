// SPDX-License-Identifier: Apache-2.0
// `--detach-keys` of the commands that attach a terminal.

import ArgumentParser

struct DetachOption: ParsableArguments {
    @Option(
        name: .customLong("detach-keys"),
        help: ArgumentHelp(
            "Keys of the terminal that leave it running, in place of ctrl-p,ctrl-q.",
            valueName: "keys"
        ),
        transform: Self.keys
    )
    var given: DetachKeys?

    var keys: DetachKeys { given ?? .standard }

    private static func keys(_ text: String) throws -> DetachKeys {
        guard let keys = DetachKeys(text) else {
            throw ValidationError(
                "--detach-keys: '\(text)' is not valid, expected characters or ctrl-a to ctrl-z, ctrl-@, ctrl-[, "
                    + "ctrl-\\, ctrl-], ctrl-^, ctrl-_, with commas between them"
            )
        }
        return keys
    }
}
