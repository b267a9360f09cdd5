// SPDX-License-Identifier: Apache-2.0
// What the queue keeps of an answer, for those who show it.

package import FoundationEssentials
package import HTTPTypes

/// Reads kept answers.
package enum QueuedAnswer {
    /// The header fields that the function set.
    package static func fields(_ head: Data) -> HTTPFields { QueuedHead.fields(head) }
}
