// SPDX-License-Identifier: Apache-2.0
// Who may call a revision that no alias names. Edge asks before such a revision is prepared.

import FunctionModel
import HTTPTypes
import Hummingbird
import Scheduler

/// Prepares kept revisions for callers that may invoke the function by a token.
///
/// A deploy replaces a revision, perhaps because it is faulty: without an alias it is not open to everybody any more,
/// whatever its own configuration says.
struct VersionDoor: Sendable {
    let guardian: LoginGuard
    let catalog: any FunctionCatalog

    /// Lets a revision be called by its number.
    ///
    /// - Throws: ``Problem`` 401 or 403; ``CatalogError``.
    func open(_ name: FunctionName, _ number: Int, _ request: Request, _ call: ReceivedCall) async throws {
        switch await guardian.check(request.headers[.authorization], from: call.client.address) {
        case .caller(let caller):
            try caller.require(.invoke)
            try caller.require(name)
        case .refused(var problem):
            if problem.code == .unauthorized {
                problem.detail =
                    "revision \(number) of '\(name)' has no alias: it is for callers with credentials"
            }
            throw problem
        }
        // It may unpack an image, for which no connection of the same loop is to wait.
        try await withTaskExecutorPreference(globalConcurrentExecutor) {
            try await catalog.serve(name, revision: number)
        }
    }
}
