// SPDX-License-Identifier: Apache-2.0
// Liveness, readiness and the index page. OwnPaths adds it.

import HTTPTypes
import Hummingbird

/// /healthz, /readyz, / and the paths that are known but not served yet.
struct HealthAPI: Sendable {
    let isReady: @Sendable () -> Bool

    private static let alive = "/healthz"
    private static let readiness = "/readyz"
    private static let root = "/"
    /// Those that are answered from memory.
    static let paths: Set<Substring> = [Substring(alive), Substring(readiness), Substring(root)]

    func add(to router: Router<OwnContext>) {
        router.resource(Self.alive, [.get: { _, _ in Self.text(.ok, "OK\n") }])
        router.resource(Self.readiness, [.get: { _, _ in try ready() }])
        router.resource(Self.root, [.get: { _, _ in Self.text(.ok, Self.index) }])
        for method in [HTTPRequest.Method.get, .head] {
            router.on("/ui/**", method: method) { _, _ -> Response in
                throw Problem(404, .unknownPath, "this gateway has no web interface yet; use faasctl")
            }
        }
    }

    /// The index of paths that `GET /` answers with.
    private static let index = """
        Mayfly, a gateway of functions.
        /function/NAME   call a function
        /healthz         whether the gateway runs
        /readyz          whether it takes calls
        Administration: faasctl, or OpenFaaS's clients.

        """

    private func ready() throws -> Response {
        guard isReady() else {
            var problem = Problem(503, .unavailable, "the gateway takes no calls now")
            problem.retryAfterSeconds = 1
            throw problem
        }
        return Self.text(.ok, "OK\n")
    }

    private static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
