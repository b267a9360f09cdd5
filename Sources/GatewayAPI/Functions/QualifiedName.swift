// SPDX-License-Identifier: Apache-2.0
// Names that bodies hold in two members, as people write them.

import FunctionModel

/// A name, with its namespace where that is not the default one.
enum QualifiedName {
    static func text(_ name: String, _ namespace: String?) -> String {
        guard let namespace, namespace != FunctionName.defaultNamespace else { return name }
        return name + "." + namespace
    }
}

extension FunctionStatusBody {
    /// The function's name, with the namespace where it is not the default one.
    package var qualifiedName: String { QualifiedName.text(name, namespace) }
}

extension ScheduleBody {
    /// The function's name, with the namespace where it is not the default one.
    package var qualifiedFunction: String { QualifiedName.text(function, namespace) }
}

extension QueuedCallBody {
    /// The function's name, with the namespace where it is not the default one.
    package var qualifiedFunction: String { QualifiedName.text(function, namespace) }
}
