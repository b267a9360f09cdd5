// SPDX-License-Identifier: Apache-2.0
// Every key of function.yaml and stack.yaml. The readers refuse all others; tests and the reference enumerate these.

import FunctionModel

/// The keys of the manifests.
enum ManifestSchema {
    /// Mayfly's own keys, of function.yaml and of an entry of stack.yaml.
    private static let own = ["image", "build"]
    /// OpenFaaS's keys that are translated.
    static let translated = ["lang", "handler", "fprocess", "namespace", "skip_build", "environment_file"]

    /// One function in a stack.yaml.
    static let entry = KeyTree.object(
        own.map { .init($0) } + [.init("build_args", .map)] + FunctionConfiguration.keys.members
            + translated.map { .init($0) }
    )

    /// A function.yaml: an entry with its name.
    static let function = KeyTree.object([.init("name")] + entry.members)

    /// A stack.yaml; each function of the map has the keys of ``entry``.
    static let stack = KeyTree.object([
        .init("version"), .init("provider", .object([.init("name"), .init("gateway")])),
        .init("functions", .map),
    ])

    /// The file that `environment_file` names.
    static let environmentFile = KeyTree.object([.init("environment", .map)])
}
