// SPDX-License-Identifier: Apache-2.0
// From a request's host, path and method to a function. RouteCache rebuilds it when the catalog changes.

import FunctionModel

/// All routes at one moment.
///
/// Immutable, so that requests read it without a lock.
final class RouteTable: Sendable {
    private let functions: [String: FunctionTarget]
    private let anyHost: RouteTrie
    private let hosts: [String: RouteTrie]

    /// Builds the table; of two functions with the same route the alphabetically first keeps it.
    ///
    /// - Complexity: the number of routes times their length.
    init(
        _ revisions: [Revision],
        metrics: (FunctionName) -> FunctionMetrics,
        rate: (Revision) -> RateLimiter? = { _ in nil }
    ) {
        var functions: [String: FunctionTarget] = [:]
        var anyHost = RouteTrie()
        var hosts: [String: RouteTrie] = [:]
        for revision in revisions.sorted(by: { $0.function < $1.function }) {
            let target = FunctionTarget(
                revision,
                metrics: metrics(revision.function),
                rate: rate(revision)
            )
            functions[revision.function.text] = target
            for route in revision.configuration.routes {
                let entry = RouteTrie.Entry(method: route.method, function: target)
                if let host = route.host {
                    hosts[host, default: RouteTrie()].insert(route.path, isPrefix: route.isPrefix, entry)
                } else {
                    anyHost.insert(route.path, isPrefix: route.isPrefix, entry)
                }
            }
        }
        self.functions = functions
        self.anyHost = anyHost
        self.hosts = hosts
    }

    /// Whether any route names a host; most tables have none, and requests then need not look.
    var hasHosts: Bool { !hosts.isEmpty }

    func function(_ name: String) -> FunctionTarget? { functions[name] }

    /// The function of a path below `/function/`, which always works.
    ///
    /// - Parameter tail: the path after `/function/`, for example `hello.openfaas-fn/rest`.
    /// - Returns: nil when there is no such function.
    func functionMatch(_ tail: Substring) -> RouteMatch? {
        let slash = tail.utf8.firstIndex(of: UInt8(ascii: "/")) ?? tail.endIndex
        let suffix = "." + FunctionName.defaultNamespace
        var name = tail[..<slash]
        if name.hasSuffix(suffix) { name = name.dropLast(suffix.count) }
        guard let function = functions[String(name)] else { return nil }
        return RouteMatch(function: function, scriptName: function.functionPath, rest: tail[slash...])
    }

    /// The function that has claimed a path on a host of its own.
    func hostMatch(_ host: String, _ path: Substring, method: String) -> RouteLookup {
        guard let trie = hosts[host] else { return .none }
        return Self.lookup(trie, path, method)
    }

    /// The function that has claimed a path on any host.
    func match(_ path: Substring, method: String) -> RouteLookup { Self.lookup(anyHost, path, method) }

    private static func lookup(_ trie: RouteTrie, _ path: Substring, _ method: String) -> RouteLookup {
        let candidates = trie.candidates(path.utf8)
        for candidate in candidates {
            guard let entry = choose(candidate.entries, method) else { continue }
            let split = splitPoint(path, candidate)
            return .found(
                RouteMatch(function: entry.function, scriptName: String(path[..<split]), rest: path[split...])
            )
        }
        guard let longest = candidates.first else { return .none }
        return .otherMethods(longest.entries.compactMap(\.method).sorted().joined(separator: ", "))
    }

    /// A route for the method itself before one for any; GET serves HEAD (RFC 9110, section 9.3.2).
    private static func choose(_ entries: [RouteTrie.Entry], _ method: String) -> RouteTrie.Entry? {
        entries.first { $0.method == method }
            ?? (method == "HEAD" ? entries.first { $0.method == "GET" } : nil)
            ?? entries.first { $0.method == nil }
    }

    /// Where SCRIPT_NAME ends, so that PATH_INFO is empty or starts with a slash (RFC 3875, section 4.1.5).
    private static func splitPoint(_ path: Substring, _ candidate: RouteTrie.Candidate) -> Substring.Index {
        let utf8 = path.utf8
        guard candidate.isPrefix, candidate.length > 0 else { return utf8.endIndex }
        let end = utf8.index(utf8.startIndex, offsetBy: candidate.length)
        let slash = UInt8(ascii: "/")
        if utf8[utf8.index(before: end)] == slash { return utf8.index(before: end) }
        return utf8[end...].firstIndex(of: slash) ?? utf8.endIndex
    }
}
