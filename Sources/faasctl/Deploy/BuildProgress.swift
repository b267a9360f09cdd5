// SPDX-License-Identifier: Apache-2.0
// Prints a build's events as lines on standard error: steps, CACHED, output, warnings.

import Foundation
import FunctionModel
import GatewayAPI

/// Prints events and keeps the result.
struct BuildProgress {
    let isQuiet: Bool
    /// The image's digest after the build.
    private(set) var digest: Digest?
    private var step = ""

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Reads one line of the answer.
    ///
    /// - Throws: ``CommandFailure`` when the line reports a failure, or is unknown.
    mutating func show(_ line: Data, _ what: String) throws(CommandFailure) {
        if let error = (try? APIJSON.decode(BuildEnd.self, from: line))?.error {
            throw CommandFailure(what, why: error)
        }
        for text in texts(try GatewayClient.decode(BuildLine.self, from: line, what)) where !isQuiet {
            Terminal.error.remark(text)
        }
    }

    /// The lines for one event.
    private mutating func texts(_ event: BuildLine) -> [String] {
        switch event {
        case .stepStarted(let stage, let step, let total, let instruction):
            let place = stage.isEmpty || stage == "0" ? "" : "\(stage) "
            self.step = "[\(place)\(step)/\(total)]"
            return ["\(self.step) \(instruction)"]
        case .cached: return ["\(step) CACHED"]
        case .output(let text): return ["\(step)   \(text)"]
        case .stepDone: return []
        case .warning(let line, let text):
            return ["warning: " + (line.map { "line \($0): " } ?? "") + text]
        case .built(let digest):
            self.digest = digest
            return ["built \(digest)"]
        }
    }
}
