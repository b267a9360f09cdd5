// SPDX-License-Identifier: Apache-2.0
// Hummingbird's request context for the gateway's own paths. OwnPaths makes one per request.

import Contracts
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Logging

/// What Hummingbird's router carries along: nothing of its own but the call.
struct OwnContext: RequestContext {
    struct Source: RequestContextSource {
        let logger: Logger
        let call: ReceivedCall
    }

    var coreContext: CoreRequestContextStorage
    let call: ReceivedCall
    /// The authenticated sender; nil on paths that need no credentials.
    var caller: Caller?
    /// Of AWS Lambda's API; nil on every other path.
    var lambda: LambdaRoute?
    /// Of the audit log's line; nil where nothing changes.
    var audit: AuditNote?

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        call = source.call
    }

    /// The value of a query parameter, decoded; nil when absent or not decodable.
    func query(_ name: String) -> String? { queryAll(name).first }

    /// All values of a repeated query parameter.
    func queryAll(_ name: String) -> [String] {
        guard let query = call.target.query else { return [] }
        return query.split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = parts.first, PercentDecoding.decode(key) == name else { return nil }
            let value = parts.count > 1 ? parts[1] : ""
            return PercentDecoding.decode(Substring(value.map { $0 == "+" ? " " : $0 }))
        }
    }

    /// The function of a name, with the namespace that the name or `?namespace=` says.
    ///
    /// Every handler and rule asks this, so that what is checked is what is used.
    ///
    /// - Throws: ``ModelError`` when the name is none, or the two namespaces differ.
    func function(_ name: String) throws(ModelError) -> FunctionName {
        try FunctionName(name, namespace: query("namespace"))
    }

    /// The namespace that `?namespace=` names; nil without one: all that the caller may read.
    ///
    /// - Throws: ``ModelError`` when it cannot be one.
    func namespace() throws(ModelError) -> String? {
        guard let name = query("namespace"), !name.isEmpty else { return nil }
        try FunctionNamespace.check(name)
        return name
    }

    /// The function of the path's `:name`.
    func pathFunction() throws -> FunctionName { try function(parameters.require("name")) }

    /// Whether a flag such as `follow=true` or `usage=1` is set.
    func flag(_ name: String) -> Bool {
        guard let value = query(name) else { return false }
        return value.isEmpty || value == "1" || value.lowercased() == "true"
    }
}
