// SPDX-License-Identifier: Apache-2.0
// The one table of the gateway's own routes, their methods and the scope each asks for. A route that is not in it is
// answered with 403.

import FunctionModel
import GatewayAPI
import HTTPTypes

/// Rules by pattern and method; HEAD has the rule of GET.
enum RouteRules {
    private typealias Rules = [HTTPRequest.Method: RouteRule]

    /// The rule of a route; nil when it has none.
    static func rule(_ method: HTTPRequest.Method, _ pattern: String) -> RouteRule? {
        table[pattern]?[method == .head ? .get : method]
    }

    /// Patterns and methods of the table, for tests.
    static var all: [(pattern: String, method: HTTPRequest.Method, rule: RouteRule)] {
        table.flatMap { pattern, rules in rules.map { (pattern, $0.key, $0.value) } }
    }

    private static let open = RouteRule(scope: nil, subject: .nothing)

    private static func read(_ subject: RouteRule.Subject) -> RouteRule {
        RouteRule(scope: .read, subject: subject)
    }

    private static func deploy(_ subject: RouteRule.Subject) -> RouteRule {
        RouteRule(scope: .deploy, subject: subject)
    }

    private static let admin = RouteRule(scope: .admin, subject: .everything)

    private static let table = observation.merging(openFaaS) { $1 }.merging(functions) { $1 }
        .merging(images) { $1 }.merging(machine) { $1 }

    private static let observation: [String: Rules] = [
        "/": [.get: open],
        "/healthz": [.get: open],
        "/readyz": [.get: open],
        "/ui/**": [.get: open],
        "/metrics": [.get: RouteRule(scope: .read, subject: .everything, mayBeOpen: true)],
    ]

    private static let openFaaS: [String: Rules] = [
        APIPath.functions: [
            .get: read(.handler), .post: deploy(.handler), .put: deploy(.handler), .delete: deploy(.handler),
        ],
        APIPattern.function.pattern: [.get: read(.path)],
        APIPattern.scale.pattern: [.post: deploy(.path)],
        // A deploy can show a function any secret: the right to store one adds nothing to it.
        APIPath.secrets: [
            .get: read(.namespace), .post: deploy(.namespace), .put: deploy(.namespace),
            .delete: deploy(.namespace),
        ],
        APIPath.alert: [.post: deploy(.everything)],
        APIPath.logs: [.get: read(.query("name"))],
        APIPath.info: [.get: read(.nothing)],
        APIPath.namespaces: [.get: read(.handler)],
        APIPath.namespace: [.post: admin],
        APIPattern.namespace.pattern: [.get: read(.handler), .put: admin, .delete: admin],
    ]

    private static let functions: [String: Rules] = [
        APIPath.description: [.get: read(.nothing)],
        APIPath.deployments: [.post: deploy(.handler)],
        APIPattern.rollback.pattern: [.post: deploy(.path)],
        APIPattern.aliases.pattern: [.get: read(.path)],
        APIPattern.alias.pattern: [.get: read(.path), .put: deploy(.path), .delete: deploy(.path)],
        APIPath.schedules: [.get: read(.queryOrNamespace("function"))],
        APIPath.invocations: [.get: read(.queryOrNamespace("function"))],
        APIPattern.call.pattern: [.get: read(.everything)],
        APIPattern.callOutput.pattern: [.get: read(.everything)],
        APIPath.queue: [.get: read(.query("function")), .delete: deploy(.query("function"))],
        APIPattern.queuedCall.pattern: [.get: read(.everything), .delete: deploy(.everything)],
        APIPattern.queuedCallRetry.pattern: [.post: deploy(.everything)],
    ]

    private static let images: [String: Rules] = [
        APIPath.images: [.get: read(.everything), .post: deploy(.everything)],
        APIPattern.image.pattern: [
            .get: read(.everything), .put: deploy(.everything), .delete: deploy(.everything),
        ],
        APIPath.imageImports: [.post: deploy(.everything)],
        APIPath.imageHistory: [.get: read(.everything)],
        APIPath.imageArchives: [.get: read(.everything)],
        APIPath.imageIndexes: [.post: deploy(.everything)],
        APIPath.imagePulls: [.post: deploy(.everything)],
        APIPath.imagePushes: [.post: deploy(.everything)],
        APIPath.registryLogins: [.post: deploy(.everything)],
        APIPath.builds: [.post: deploy(.everything)],
        APIPath.imagePrune: [.post: admin],
        APIPath.imageVerify: [.post: admin],
    ]

    /// What reaches the machine itself.
    private static let machine: [String: Rules] = [
        APIPath.containers: [.get: read(.everything), .post: admin],
        APIPattern.container.pattern: [.get: read(.everything), .delete: admin],
        APIPattern.containerLogs.pattern: [.get: read(.everything)],
        APIPattern.containerWait.pattern: [.post: read(.everything)],
        APIPattern.containerStart.pattern: [.post: admin],
        APIPattern.containerStop.pattern: [.post: admin],
        APIPattern.containerRestart.pattern: [.post: admin],
        APIPattern.containerKill.pattern: [.post: admin],
        APIPattern.containerRename.pattern: [.post: admin],
        APIPattern.containerPause.pattern: [.post: admin],
        APIPattern.containerUnpause.pattern: [.post: admin],
        APIPattern.containerAttach.pattern: [.post: admin],
        APIPattern.containerDetach.pattern: [.post: admin],
        APIPattern.containerChanges.pattern: [.get: read(.everything)],
        APIPattern.containerCommit.pattern: [.post: admin],
        APIPath.disk: [.get: read(.everything)],
        APIPath.containerEvents: [.get: read(.everything)],
        APIPath.volumes: [.get: read(.everything), .post: admin],
        APIPattern.volume.pattern: [.get: read(.everything), .delete: admin],
        APIPath.networks: [.get: read(.everything), .post: admin],
        APIPattern.network.pattern: [.get: read(.everything), .delete: admin],
        APIPattern.networkConnect.pattern: [.post: admin],
        APIPattern.networkDisconnect.pattern: [.post: admin],
        APIPattern.containerInput.pattern: [.post: admin],
        APIPattern.containerSize.pattern: [.post: admin],
        APIPattern.containerSignal.pattern: [.post: admin],
        APIPattern.containerExec.pattern: [.post: admin],
        APIPattern.containerProcesses.pattern: [.get: read(.everything)],
        APIPattern.containerArchive.pattern: [.get: admin, .put: admin],
        APIPattern.containerPath.pattern: [.get: admin],
        // A run may use every image: a token for some functions only is not enough.
        APIPath.run: [.post: RouteRule(scope: .sandbox, subject: .everything)],
        APIPath.running: [.get: read(.queryOrNamespace("function"))],
        APIPattern.runningStop.pattern: [.post: admin],
        APIPattern.runningKill.pattern: [.post: admin],
        APIPath.tokens: [.get: admin, .post: admin],
        APIPattern.token.pattern: [.delete: admin],
    ]
}
