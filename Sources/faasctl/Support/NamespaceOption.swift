// SPDX-License-Identifier: Apache-2.0
// `--namespace`: which functions and secrets a command is about.

import ArgumentParser
import FunctionModel

/// The namespace of a command's names.
struct NamespaceOption: ParsableArguments {
    @Option(
        name: [.customShort("n"), .customLong("namespace")],
        help: ArgumentHelp(
            "The namespace. Default: \(FunctionName.defaultNamespace); NAME.NAMESPACE says it as well.",
            valueName: "name"
        ),
        completion: .namespaces,
        transform: NameArgument.namespace
    )
    var name: String?

    /// The namespace as a query, for lists of functions or of what belongs to them.
    var query: [(name: String, value: String)] { name.map { [("namespace", $0)] } ?? [] }

    /// The query for one function, or for all of the namespace.
    ///
    /// - Throws: ``CommandFailure`` when the name has another namespace.
    func query(function given: String?) throws(CommandFailure) -> [(name: String, value: String)] {
        guard let given else { return query }
        return [("function", try qualified(given))]
    }

    /// A function's name with the namespace.
    ///
    /// - Parameter given: may have a version behind a colon.
    /// - Returns: NAME, or NAME.NAMESPACE.
    /// - Throws: ``CommandFailure`` when the name has another namespace.
    func qualified(_ given: String) throws(CommandFailure) -> String {
        let plain = String(given.prefix { $0 != ":" })
        do throws(ModelError) {
            return try FunctionName(plain, namespace: name).text + given.dropFirst(plain.count)
        } catch {
            throw CommandFailure("cannot use the name '\(given)'", why: error.description)
        }
    }

    /// Puts a function into the namespace, whatever its manifest says; without the option it stays where it is.
    ///
    /// - Throws: `ModelError`.
    func place(_ manifest: inout FunctionManifest) throws(ModelError) {
        guard let name else { return }
        manifest.name = try FunctionName(manifest.name.localName, namespace: name)
    }
}
