// SPDX-License-Identifier: Apache-2.0
// The keys of FunctionConfiguration, one by one; FunctionReader uses it.

import FunctionModel
import ManifestReader

/// Reads a function's configuration from its map; absent keys have their defaults.
struct ConfigurationReader {
    let mapping: ManifestMapping

    private typealias Key = FunctionConfiguration.CodingKeys

    /// Reads every key.
    ///
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    func read(into configuration: inout FunctionConfiguration) throws(ManifestError) {
        try readRequest(into: &configuration)
        try readProcess(into: &configuration)
        try readPolicies(into: &configuration)
    }

    private subscript(_ key: Key) -> ManifestNode? { mapping[key.rawValue] }

    /// Keys of triggers and answers.
    private func readRequest(into configuration: inout FunctionConfiguration) throws(ManifestError) {
        if let node = self[.routes] {
            configuration.routes = []
            for item in try node.list() { configuration.routes.append(try item.value(Self.parseRoute)) }
        }
        if let node = self[.contract] {
            configuration.contract = try node.choice(among: Contract.allCases)
        }
        if let node = self[.port] { configuration.port = try node.integer() }
        if let node = self[.readyPath] { configuration.readyPath = try node.text() }
        if let node = self[.reuse] { configuration.reuse = try node.integer() }
        if let node = self[.prestart] { configuration.prestart = try node.boolean() }
        if let node = self[.template] { configuration.template = try node.boolean() }
        if let node = self[.contentType] { configuration.contentType = try node.text() }
        if let node = self[.stream] { configuration.stream = try node.boolean() }
        if let node = self[.exposeErrors] { configuration.exposeErrors = try node.boolean() }
        if let node = self[.authentication] {
            configuration.authentication = try PolicyReader(node: node).authentication()
        }
        if let node = self[.cors] { configuration.cors = try PolicyReader(node: node).cors() }
        if let node = self[.rate] { configuration.rate = try PolicyReader(node: node).rate() }
        if let node = self[.schedules] {
            configuration.schedules = []
            for item in try node.list() {
                configuration.schedules.append(try PolicyReader(node: item).schedule())
            }
        }
    }

    /// Keys of the process in the container.
    private func readProcess(into configuration: inout FunctionConfiguration) throws(ManifestError) {
        if let node = self[.environment] { configuration.environment = try node.textMap() }
        if let node = self[.secrets] { configuration.secrets = try node.texts() }
        if let node = self[.command] { configuration.command = try node.texts() }
        if let node = self[.network] { configuration.network = try node.choice(NetworkMode.self) }
        if let node = self[.egressAllow] { configuration.egressAllow = try node.texts() }
        if let node = self[.uses] { configuration.uses = try node.texts() }
        if let node = self[.capabilities] { configuration.capabilities = try node.texts() }
        if let node = self[.readOnlyRootFilesystem] {
            configuration.readOnlyRootFilesystem = try node.boolean()
        }
    }

    /// Keys of limits, times and counts.
    private func readPolicies(into configuration: inout FunctionConfiguration) throws(ManifestError) {
        if let node = self[.limits] { try PolicyReader(node: node).readLimits(into: &configuration.limits) }
        if let node = self[.requests] {
            try PolicyReader(node: node).readRequests(into: &configuration.requests)
        }
        if let node = self[.constraints] { configuration.constraints = try node.texts() }
        if let node = self[.timeout] { configuration.timeout = try node.value(TimeSpan.init(_:field:)) }
        if let node = self[.grace] { configuration.grace = try node.value(TimeSpan.init(_:field:)) }
        if let node = self[.concurrency] { configuration.concurrency = try node.integer() }
        if let node = self[.queue] { try PolicyReader(node: node).readQueue(into: &configuration.queue) }
        if let node = self[.warm] { try PolicyReader(node: node).readWarm(into: &configuration.warm) }
        if let node = self[.asynchronous] {
            try PolicyReader(node: node).readAsync(into: &configuration.asynchronous)
        }
        if let node = self[.labels] { configuration.labels = try node.textMap() }
        if let node = self[.annotations] { configuration.annotations = try node.textMap() }
    }

    private static func parseRoute(_ text: String, field: String) throws(ModelError) -> Route {
        try Route(text)
    }
}
