// SPDX-License-Identifier: Apache-2.0
// The part of an answer that the queue keeps for later requests.

package import FoundationEssentials
package import HTTPTypes

/// Reads kept answers.
package enum QueuedAnswer {
    /// The header fields that the function set.
    package static func fields(_ head: Data) -> HTTPFields { QueuedHead.fields(head) }
}
