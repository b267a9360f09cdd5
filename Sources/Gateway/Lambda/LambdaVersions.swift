// SPDX-License-Identifier: Apache-2.0
// Versions of AWS Lambda's API, which are the revisions of a function. LambdaAPI drives it.

import FunctionModel
import GatewayAPI
import Hummingbird
import Scheduler

extension LambdaFunctions {
    /// Versions of one page: AWS's own bound.
    private static let versionsMax = 50

    /// Each revision is a version already: the newest one's number is the answer.
    func publish(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let body = try await call.optionalBody(LambdaPublication.self, LambdaPublication())
        let revision = try changes.current(name, revisionID: body.revisionID)
        let version = LambdaFunctionBody(revision, version: "\(revision.number)")
        if let hash = body.codeHash, hash != version.codeSha256 {
            throw LambdaError.parameter("CodeSha256: '\(hash.prefix(64))' is not that of $LATEST")
        }
        return try LambdaCall.answer(version.withState(nil), .created)
    }

    /// `$LATEST` and every revision that is kept, oldest first.
    func versions(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let current = try changes.current(name, revisionID: nil)
        let page = try call.page(itemsMax: Self.versionsMax)
        let kept = try await changes.catalog.keptRevisions(of: name).sorted { $0.number < $1.number }
        let all =
            [LambdaFunctionBody(current)]
            + kept.map { LambdaFunctionBody($0, version: "\($0.number)") }
        let (part, next) = page.cut(all) { Self.key($0.version) }
        return try LambdaCall.answer(LambdaVersionPage(versions: part, nextMarker: next))
    }

    /// `$LATEST` first, then numbers by their size, as markers are compared.
    private static func key(_ version: String) -> String {
        version == FunctionReference.latest
            ? "" : String(repeating: "0", count: max(0, 19 - version.count)) + version
    }
}
