// SPDX-License-Identifier: Apache-2.0
// The paths of the administrative APIs. Gateway registers its handlers under them, and faasctl sends requests to them.

/// Paths that have no variable part.
package enum APIPath {
    // OpenFaaS's API.
    package static let functions = "/system/functions"
    package static let secrets = "/system/secrets"
    package static let logs = "/system/logs"
    package static let info = "/system/info"
    package static let namespaces = "/system/namespaces"
    package static let namespace = "/system/namespace"
    package static let alert = "/system/alert"

    // What OpenFaaS's API cannot say.
    package static let invocations = "/v1/invocations"
    /// Deploys in one request, and reports the pull of a missing image.
    package static let deployments = "/v1/deployments"
    package static let schedules = "/v1/schedules"
    package static let queue = "/v1/queue"
    package static let builds = "/v1/builds"
    package static let images = "/v1/images"
    package static let imageImports = "/v1/image-imports"
    package static let imageHistory = "/v1/image-history"
    package static let imageArchives = "/v1/image-archives"
    package static let imageIndexes = "/v1/image-indexes"
    package static let imagePulls = "/v1/image-pulls"
    package static let imagePushes = "/v1/image-pushes"
    package static let imagePrune = "/v1/image-store/prune"
    package static let imageVerify = "/v1/image-store/verify"
    package static let registryLogins = "/v1/registry-logins"
    package static let containers = "/v1/containers"
    package static let containerEvents = "/v1/container-events"
    package static let volumes = "/v1/volumes"
    package static let disk = "/v1/disk"
    package static let networks = "/v1/networks"
    package static let running = "/v1/running"
    package static let tokens = "/v1/tokens"
    package static let run = "/v1/run"
    /// What /v1 takes and answers, as OpenAPI.
    package static let description = "/v1/openapi.json"
}

/// A path with variable parts: `:name` for one segment, `**` for the rest of the path.
package struct APIPattern: Hashable, Sendable {
    /// As Hummingbird's router takes it.
    package let pattern: String

    private init(_ pattern: String) { self.pattern = pattern }

    package static let function = APIPattern("/system/function/:name")
    package static let scale = APIPattern("/system/scale-function/:name")
    package static let namespace = APIPattern("/system/namespace/:name")
    package static let rollback = APIPattern("/v1/functions/:name/rollback")
    package static let aliases = APIPattern("/v1/functions/:name/aliases")
    package static let alias = APIPattern("/v1/functions/:name/aliases/:alias")
    /// References contain slashes: they are the rest of the path, percent-encoded or not.
    package static let image = APIPattern("/v1/images/**")
    package static let queuedCall = APIPattern("/v1/queue/:id")
    package static let queuedCallRetry = APIPattern("/v1/queue/:id/retry")
    package static let call = APIPattern("/v1/invocations/:id")
    package static let callOutput = APIPattern("/v1/invocations/:id/output")
    /// The methods below it end with the last word of each path.
    package static let container = APIPattern("/v1/containers/:id")
    package static let containerStart = APIPattern("/v1/containers/:id/start")
    package static let containerStop = APIPattern("/v1/containers/:id/stop")
    package static let containerRestart = APIPattern("/v1/containers/:id/restart")
    package static let containerKill = APIPattern("/v1/containers/:id/kill")
    package static let containerPause = APIPattern("/v1/containers/:id/pause")
    package static let containerUnpause = APIPattern("/v1/containers/:id/unpause")
    package static let containerRename = APIPattern("/v1/containers/:id/rename")
    package static let containerWait = APIPattern("/v1/containers/:id/wait")
    package static let containerLogs = APIPattern("/v1/containers/:id/logs")
    package static let containerAttach = APIPattern("/v1/containers/:id/attach")
    package static let containerDetach = APIPattern("/v1/containers/:id/detach")
    package static let containerChanges = APIPattern("/v1/containers/:id/changes")
    package static let containerCommit = APIPattern("/v1/containers/:id/commit")
    package static let volume = APIPattern("/v1/volumes/:name")
    package static let network = APIPattern("/v1/networks/:name")
    package static let networkConnect = APIPattern("/v1/networks/:name/connect")
    package static let networkDisconnect = APIPattern("/v1/networks/:name/disconnect")
    package static let containerInput = APIPattern("/v1/containers/:id/input")
    package static let containerSize = APIPattern("/v1/containers/:id/size")
    package static let containerSignal = APIPattern("/v1/containers/:id/signal")
    package static let containerArchive = APIPattern("/v1/containers/:id/archive")
    package static let containerPath = APIPattern("/v1/containers/:id/path")
    package static let containerExec = APIPattern("/v1/containers/:id/exec")
    package static let containerProcesses = APIPattern("/v1/containers/:id/processes")
    package static let runningStop = APIPattern("/v1/running/:id/stop")
    package static let runningKill = APIPattern("/v1/running/:id/kill")
    package static let token = APIPattern("/v1/tokens/:id")
    /// The path of a function itself; it is not administrative.
    package static let invocation = APIPattern("/function/:name")
    /// The path of a function that runs later; it is not administrative.
    package static let asyncInvocation = APIPattern("/async-function/:name")

    /// The pattern's text in front of its variable part.
    package var prefix: Substring {
        pattern.prefix { $0 != ":" && $0 != "*" }
    }

    /// The path for one value of each variable part.
    ///
    /// - Parameter values: names or a reference as text, in order; they are percent-encoded here.
    /// - Returns: the path from the root.
    package func path(_ values: String...) -> String {
        var rest = values[...]
        return pattern.split(separator: "/").map { segment in
            let isVariable = segment.first == ":" || segment.first == "*"
            return "/" + (isVariable ? rest.popFirst()?.pathSegment ?? "" : String(segment))
        }.joined()
    }
}

extension String {
    /// The text percent-encoded as one segment of a path, or as a name or value of a query.
    package var pathSegment: String {
        var encoded = ""
        for byte in utf8 {
            if Self.unreserved.contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return encoded
    }

    /// Characters that are never encoded (RFC 3986, section 2.3).
    private static let unreserved = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8
    )
}
