// SPDX-License-Identifier: Apache-2.0
// Further bodies of OpenFaaS's API: log lines, secrets, namespaces, and the gateway itself.

package import FoundationEssentials
package import FunctionModel

/// One line of GET /system/logs.
package struct LogEntry: Codable, Hashable, Sendable {
    /// The function.
    package var name: String
    package var namespace: String?
    /// The id of the invocation that wrote the line.
    package var instance: String
    package var timestamp: Date
    package var text: String
}

/// The body of POST, PUT and DELETE /system/secrets.
package struct SecretBody: StrictBody {
    package var name: String
    package var namespace: String?
    package var value: String?
    /// Base64; wins over ``value``.
    package var rawValue: String?
    /// DELETE: remove it although functions use it.
    package var force: Bool?

    package static let keys = KeyTree.object(
        ["name", "namespace", "value", "rawValue", "force"].map { KeyTree.Member($0) }
    )

    package init(name: String, namespace: String? = nil, rawValue: String? = nil) {
        self.name = name
        self.namespace = namespace
        self.rawValue = rawValue
    }
}

/// One element of GET /system/secrets; a value is never sent.
package struct SecretEntry: Codable, Hashable, Sendable {
    package var name: String
    package var namespace: String?

    package init(name: String, namespace: String) {
        self.name = name
        self.namespace = namespace
    }
}

/// OpenFaaS's form of a namespace, in both directions.
package struct NamespaceBody: StrictBody {
    package var name: String
    package var annotations: [String: String]?
    package var labels: [String: String]?

    package static let keys = KeyTree.object([
        .init("name"), .init("annotations", .map), .init("labels", .map),
    ])

    package init(name: String) {
        self.name = name
        annotations = [:]
        labels = [:]
    }
}

/// The body of GET /system/info.
package struct GatewayInfo: Codable, Hashable, Sendable {
    package var provider: Provider
    package var version: Version
    /// As `uname -m` says it.
    package var arch: String

    /// A release in OpenFaaS's form.
    package struct Version: Codable, Hashable, Sendable {
        package var commitMessage = ""
        package var sha = ""
        package var release: String

        package enum CodingKeys: String, CodingKey {
            case commitMessage = "commit_message"
            case sha, release
        }
    }

    /// What runs the functions.
    package struct Provider: Codable, Hashable, Sendable {
        package var provider = "mayfly"
        package var version: Version
        package var orchestration = "mayfly"
    }

    package init(release: String, arch: String) {
        version = Version(release: release)
        provider = Provider(version: version)
        self.arch = arch
    }
}
