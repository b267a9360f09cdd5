// SPDX-License-Identifier: Apache-2.0
// How a request body is taken in: not at all, whole, or piece by piece. FunctionHandler drives it.

import HTTPTypes
import Hummingbird

/// The cheapest way to take a body, decided by its head alone.
enum BodyPlan: Hashable, Sendable {
    case none
    /// Collected before the function starts; the length is known.
    case whole(bytes: Int)
    case stream
    case tooLarge
    case malformed

    /// Bodies up to this are collected first: one write, no task, and a slow client holds no sandbox.
    static let wholeBytesMax = 64 << 10

    init(_ fields: HTTPFields, bytesMax: Int) {
        if fields[.transferEncoding] != nil {
            self = .stream
            return
        }
        guard let text = fields[.contentLength] else {
            self = .none
            return
        }
        guard let length = Int(text), length >= 0 else {
            self = .malformed
            return
        }
        if length == 0 {
            self = .none
        } else if length > bytesMax {
            self = .tooLarge
        } else {
            self = length <= Self.wholeBytesMax ? .whole(bytes: length) : .stream
        }
    }
}
