// SPDX-License-Identifier: Apache-2.0
// From a request's host, path and method to a function. RouteCache rebuilds it when the catalog changes.

import Contracts
import FunctionModel
import Scheduler

/// All routes at one moment.
///
/// Immutable, so that requests read it without a lock.
final class RouteTable: Sendable {
    private let functions: [String: FunctionTarget]
    /// Of the functions that have any.
    private let versions: [String: VersionTargets]
    private let anyHost: RouteTrie
    private let hosts: [String: RouteTrie]

    /// Builds the table; of two functions with the same route the alphabetically first keeps it.
    ///
    /// - Complexity: the number of routes times their length.
    init(
        _ revisions: [Revision],
        versions: [FunctionVersions] = [],
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
        self.versions = Self.targets(versions, functions, metrics, rate)
        self.anyHost = anyHost
        self.hosts = hosts
    }

    /// Whether any route names a host; most tables have none, and requests then need not look.
    var hasHosts: Bool { !hosts.isEmpty }

    func function(_ name: String) -> FunctionTarget? { functions[name] }

    /// The function of a path below `/function/`, which always works.
    ///
    /// - Parameters:
    ///   - tail: the path after `/function/`, for example `hello.openfaas-fn/rest` or `hello:prod`.
    ///   - draw: random, below ``CallShare/whole``; asked for aliases only.
    /// - Returns: the function, or why there is none.
    func functionMatch(_ tail: Substring, draw: () -> Int) -> FunctionMatch {
        let slash = tail.utf8.firstIndex(of: UInt8(ascii: "/")) ?? tail.endIndex
        let suffix = "." + FunctionName.defaultNamespace
        var name = tail[..<slash]
        if name.hasSuffix(suffix) { name = name.dropLast(suffix.count) }
        let rest = tail[slash...]
        guard let function = functions[String(name)] else { return versionMatch(name, rest, draw) }
        return .found(RouteMatch(function: function, scriptName: function.functionPath, rest: rest))
    }

    /// `NAME:VERSION`; the colon may be encoded.
    private func versionMatch(_ segment: Substring, _ rest: Substring, _ draw: () -> Int) -> FunctionMatch {
        guard let text = PercentDecoding.decode(segment), let colon = text.firstIndex(of: ":") else {
            return .none
        }
        // OpenFaaS's clients append the namespace to whatever they are given: NAME:ALIAS.NAMESPACE.
        let parts = text[text.index(after: colon)...].split(separator: ".", maxSplits: 1)
        let namespace = parts.count > 1 ? String(parts[1]) : nil
        guard let given = try? FunctionName(String(text[..<colon]), namespace: namespace),
            let current = functions[given.text]
        else { return .none }
        let name = given.text
        do throws(ModelError) {
            let version = try FunctionVersion(parts.first.map(String.init) ?? "")
            let known =
                versions[String(name)]
                ?? VersionTargets(function: current.name, current: current, aliases: [:], others: [:])
            return known.match(version, "\(current.functionPath):\(version)", rest, draw: draw)
        } catch {
            return .refused(Problem(error))
        }
    }

    private static func targets(
        _ versions: [FunctionVersions],
        _ functions: [String: FunctionTarget],
        _ metrics: (FunctionName) -> FunctionMetrics,
        _ rate: (Revision) -> RateLimiter?
    ) -> [String: VersionTargets] {
        var found: [String: VersionTargets] = [:]
        for known in versions {
            guard let current = functions[known.function.text] else { continue }
            let aliased = Set(known.aliases.flatMap(\.targets).map(\.revision))
            let others = known.revisions.map { revision in
                // Its owner has replaced a revision that no alias names: it is not for everybody.
                // What it asks of its callers itself is never less.
                let isOpen = revision.configuration.authentication == .none
                let authentication: FunctionAuthentication? =
                    isOpen && !aliased.contains(revision.number) ? .token : nil
                return (
                    revision.number,
                    FunctionTarget(
                        revision,
                        metrics: metrics(known.function),
                        rate: rate(revision),
                        authentication: authentication
                    )
                )
            }
            found[known.function.text] = VersionTargets(
                function: known.function,
                current: current,
                aliases: Dictionary(known.aliases.map { ($0.name, $0) }) { first, _ in first },
                others: Dictionary(others) { first, _ in first }
            )
        }
        return found
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
