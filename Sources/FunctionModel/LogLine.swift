// SPDX-License-Identifier: Apache-2.0
// One line that a function wrote to stderr.

package import FoundationEssentials

/// A line of a function's log.
package struct LogLine: Hashable, Sendable, Codable {
    package var function: FunctionName
    package var revision: Int
    /// The invocation that wrote it.
    package var invocation: String
    package var timestamp: Date
    package var text: String

    package init(function: FunctionName, revision: Int, invocation: String, timestamp: Date, text: String) {
        self.function = function
        self.revision = revision
        self.invocation = invocation
        self.timestamp = timestamp
        self.text = text
    }
}
