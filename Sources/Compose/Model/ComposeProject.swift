// SPDX-License-Identifier: Apache-2.0
// What compose files say, as values: ComposeLoader makes it, ComposePlan and the command line use it.

/// One project: its services and what they share.
package struct ComposeProject: Hashable, Sendable {
    package var name: String
    /// Enabled services, in the order of the files.
    package var services: [ComposeService] = []
    /// Services whose profiles are not chosen.
    package var disabled: [ComposeService] = []
    package var volumes: [ComposeVolume] = []
    package var networks: [ComposeNetwork] = []
    package var secrets: [ComposeContent] = []
    package var configs: [ComposeContent] = []
    /// Remarks for the user: variables without a value.
    package var remarks: [String] = []

    package init(name: String) { self.name = name }

    /// An enabled service.
    package subscript(service name: String) -> ComposeService? { services.first { $0.name == name } }
}

/// A named volume of a project.
package struct ComposeVolume: Hashable, Sendable {
    /// As the services call it.
    package var key: String
    /// As the gateway calls it.
    package var name: String
    /// Made outside of the project: it must exist, and is never removed.
    package var isExternal = false
    package var labels: [String: String] = [:]
}

/// A network of a project: containers reach each other by name.
package struct ComposeNetwork: Hashable, Sendable {
    package var key: String
    package var name: String
    package var isExternal = false
    /// Whether its containers reach nothing outside of it.
    package var isInternal = false
    package var labels: [String: String] = [:]
}

/// A secret or a configuration file of a project.
package struct ComposeContent: Hashable, Sendable {
    package var key: String
    /// The file of the client's machine, absolute.
    package var path: String
}
