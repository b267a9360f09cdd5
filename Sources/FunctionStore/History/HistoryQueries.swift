// SPDX-License-Identifier: Apache-2.0
// What can be asked of the history, as values that Gateway makes from query strings.

package import FoundationEssentials
package import FunctionModel

/// Which invocations to list, newest first.
package struct InvocationQuery: Hashable, Sendable {
    /// Rows that one answer holds at most; more have to be asked for with ``before``.
    ///
    /// 10,000 × ~400 B is 4 MB.
    package static let limitMax = 10_000

    /// Where a page begins.
    package enum Bound: Hashable, Sendable {
        case time(Date)
        /// The last id of the page before; an unknown one gives an empty page.
        case invocation(String)
    }

    /// Sorts behind every character that an id may have.
    static let idEnd = "\u{10FFFF}"

    package var function: FunctionName?
    /// Only those of this namespace's functions.
    package var namespace: String?
    /// Only those of this id: several, when a call ran again.
    package var id: String?
    /// Only those whose outcome is not `ok`.
    package var failedOnly = false
    package var before: Bound?
    /// Only those that started at this time or later.
    package var since: Date?
    /// Clamped to 0…``limitMax``.
    package var limit = 100

    package init(function: FunctionName? = nil) { self.function = function }
}

/// A place in the order in which log lines were committed.
///
/// Lines of every later transaction, of whichever process, come after it.
package struct LogCursor: Hashable, Sendable {
    /// Before the first line.
    package static let start = LogCursor(position: 0)

    /// Only the repository that made it knows what it counts.
    package let position: Int64

    /// Makes a cursor; only repositories do.
    package init(position: Int64) { self.position = position }
}

/// Which log lines to read, oldest first.
package struct LogQuery: Hashable, Sendable {
    /// Lines that one answer holds at most; a follower gets the rest with its next query.
    package static let limitMax = 10_000

    package var function: FunctionName?
    package var since: Date?
    /// Only the last so many lines; clamped to 0…``limitMax``.
    package var tail: Int?
    package var invocation: String?
    /// ``LogPage/cursor`` of the page before: only lines recorded after it.
    package var after: LogCursor?

    package init(function: FunctionName? = nil) { self.function = function }
}

/// An answer to a ``LogQuery``.
package struct LogPage: Hashable, Sendable {
    /// By time; lines of the same microsecond in the order they were recorded.
    package var lines: [LogLine]
    /// Hand it to ``LogQuery/after`` to get what is recorded from now on.
    package var cursor: LogCursor
}
