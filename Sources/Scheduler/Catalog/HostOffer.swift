// SPDX-License-Identifier: Apache-2.0
// What this host has, against what a function asks of it. Catalog checks before it changes anything.

import FunctionModel
import Glibc

/// The host as a deploy sees it.
struct HostOffer: Hashable, Sendable {
    var memory: ByteCount
    var processors: Millicores
    /// As Go and OCI name it: `amd64`, `arm64`.
    var architecture: String
    var hostname: String
    /// Why functions may have no network here; nil when they may, or when it is not known at the moment.
    var egressRefusal: String?

    /// This host.
    static func current(egressRefusal: String?) -> HostOffer {
        HostOffer(
            memory: ByteCount(bytes: HostCapacity.memoryBytes),
            processors: Millicores(count: 1000 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            architecture: ownArchitecture,
            hostname: ownHostname,
            egressRefusal: egressRefusal
        )
    }

    private static var ownArchitecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }

    private static var ownHostname: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Checks for features of the host without which every call of the function would fail.
    ///
    /// - Throws: ``ModelError`` naming the field.
    func checkFeatures(_ configuration: FunctionConfiguration) throws(ModelError) {
        guard configuration.network == .egress, let egressRefusal else { return }
        throw ModelError(
            field: "network",
            value: configuration.network.rawValue,
            expected: "none on this host; \(egressRefusal)"
        )
    }

    /// Checks what the function asks of the host it is placed on.
    ///
    /// - Throws: ``ModelError`` naming the field.
    func checkPlacement(_ configuration: FunctionConfiguration) throws(ModelError) {
        if let request = configuration.requests.memory, request > memory {
            let expected = "at most this host's memory, \(memory)"
            throw ModelError(field: "requests.memory", value: "\(request)", expected: expected)
        }
        if let request = configuration.requests.cpu, request > processors {
            let expected = "at most this host's processors, \(processors)"
            throw ModelError(field: "requests.cpu", value: "\(request)", expected: expected)
        }
        for text in configuration.constraints {
            guard let constraint = PlacementConstraint(text) else {
                throw ModelError(
                    field: "constraints",
                    value: text,
                    expected:
                        "'KEY == VALUE', 'KEY != VALUE' or 'KEY=VALUE' with one of the keys "
                        + PlacementConstraint.keys.keys.sorted().joined(separator: ", ")
                )
            }
            guard constraint.isFulfilled(by: self) else {
                let own = constraint.attribute.values(self).joined(separator: " or ")
                throw ModelError(
                    field: "constraints",
                    value: text,
                    expected: "what is true of this host, whose \(constraint.attribute.rawValue) is \(own)"
                )
            }
        }
    }
}

/// One constraint: Docker Swarm's form, or a Kubernetes node selector, as OpenFaaS passes both on.
struct PlacementConstraint: Hashable, Sendable {
    enum Attribute: String, Sendable {
        case system = "operating system"
        case architecture
        case hostname = "host name"

        /// Every usual name of the host's value.
        func values(_ host: HostOffer) -> [String] {
            switch self {
            case .system: ["linux"]
            case .architecture: host.architecture == "arm64" ? ["arm64", "aarch64"] : ["amd64", "x86_64"]
            case .hostname: [host.hostname]
            }
        }
    }

    static let keys: [String: Attribute] = [
        "node.platform.os": .system, "node.platform.arch": .architecture, "node.hostname": .hostname,
        "kubernetes.io/os": .system, "kubernetes.io/arch": .architecture, "kubernetes.io/hostname": .hostname,
    ]

    var attribute: Attribute
    var value: String
    var isNegated: Bool

    /// Parses a constraint; nil when it is none, or its key is not known.
    init?(_ text: String) {
        for separator in ["!=", "==", "="] {
            guard let range = text.firstRange(of: separator) else { continue }
            let key = text[..<range.lowerBound].filter { $0 != " " }
            let value = text[range.upperBound...].drop { $0 == " " }
            guard let attribute = Self.keys[key], !value.isEmpty else { return nil }
            self.attribute = attribute
            self.value = String(value)
            isNegated = separator == "!="
            return
        }
        return nil
    }

    func isFulfilled(by host: HostOffer) -> Bool {
        attribute.values(host).contains { $0.lowercased() == value.lowercased() } != isNegated
    }
}
