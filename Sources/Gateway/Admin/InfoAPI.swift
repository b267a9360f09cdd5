// SPDX-License-Identifier: Apache-2.0
// What OpenFaaS's clients ask of the gateway itself. OwnPaths adds it.

import FunctionModel
import HTTPTypes
import Hummingbird

/// /system/info.
struct InfoAPI: Sendable {
    let version: String

    private struct Version: Encodable {
        var commitMessage = ""
        var sha = ""
        var release: String

        enum CodingKeys: String, CodingKey {
            case commitMessage = "commit_message"
            case sha, release
        }
    }

    private struct Provider: Encodable {
        var provider = "mayfly"
        var version: Version
        var orchestration = "mayfly"
    }

    private struct Info: Encodable {
        var provider: Provider
        var version: Version
        var arch: String
    }

    /// As `uname -m` says it.
    static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "unknown"
        #endif
    }

    func add(to router: RouterGroup<OwnContext>) {
        let version = Version(release: version)
        let info = Info(provider: Provider(version: version), version: version, arch: Self.architecture)
        router.resource("/system/info", [.get: { _, _ in try WireJSON.response(info) }])
    }
}
