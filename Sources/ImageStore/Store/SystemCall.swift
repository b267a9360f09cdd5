// SPDX-License-Identifier: Apache-2.0
// Converts errno to typed errors. Every file of this room that makes system calls uses it.

import Glibc

/// System calls whose failure becomes an ``ImageError``.
package enum SystemCall {
    /// The C library's text for an error number.
    package static func message(_ number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            // strerror itself is not safe between threads.
            guard let start = buffer.baseAddress, strerror_r(number, start, buffer.count) == 0 else {
                return "errno \(number)"
            }
            return String(cString: start)
        }
    }

    /// The error for the call that has just failed; a full disk is a separate case.
    package static func failure(_ call: String, _ path: String, errorNumber: Int32 = errno) -> ImageError {
        switch errorNumber {
        case ENOSPC, EDQUOT: .noSpace(path: path)
        default: .system(call: call, path: path, errorNumber: errorNumber)
        }
    }

    /// Repeats an interrupted call; -1 becomes an error.
    @discardableResult
    package static func check<Result: SignedInteger>(
        _ call: String,
        _ path: String,
        _ body: () -> Result
    ) throws(ImageError) -> Result {
        while true {
            let result = body()
            if result >= 0 { return result }
            if errno != EINTR { throw failure(call, path) }
        }
    }
}
