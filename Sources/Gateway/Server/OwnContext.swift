// SPDX-License-Identifier: Apache-2.0
// Hummingbird's request context for the gateway's own paths. OwnPaths makes one per request.

import Contracts
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

    /// Whether a flag such as `follow=true` or `usage=1` is set.
    func flag(_ name: String) -> Bool {
        guard let value = query(name) else { return false }
        return value.isEmpty || value == "1" || value.lowercased() == "true"
    }
}
