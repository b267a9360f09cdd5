// SPDX-License-Identifier: Apache-2.0
// What OpenFaaS's clients ask of the gateway itself. OwnPaths adds it.

import GatewayAPI
import HTTPTypes
import Hummingbird

/// /system/info.
struct InfoAPI: Sendable {
    let version: String

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
        let info = GatewayInfo(release: version, arch: Self.architecture)
        router.resource(APIPath.info, [.get: { _, _ in try WireJSON.response(info) }])
    }
}
