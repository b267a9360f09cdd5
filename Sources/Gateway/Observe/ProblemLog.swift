// SPDX-License-Identifier: Apache-2.0
// The operator's half of a problem. Edge drives it for problems that are the gateway's own.

import Logging

/// Writes what the client must not read.
struct ProblemLog: Sendable {
    let logger: Logger

    func write(_ problem: Problem, callID: String, path: Substring) {
        guard problem.status >= 500 || problem.logDetail != nil else { return }
        logger.warning(
            "request failed",
            metadata: [
                "code": "\(problem.code.rawValue)", "call": "\(callID)", "path": "\(path)",
                "detail": "\(problem.logDetail ?? problem.detail)",
            ]
        )
    }
}
