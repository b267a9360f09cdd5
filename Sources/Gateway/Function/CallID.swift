// SPDX-License-Identifier: Apache-2.0
// X-Call-Id: taken from the request when it is sane, else made. Edge drives it once per request.

import HTTPTypes
import Hummingbird

/// The name of one call, in headers, logs and records.
enum CallID {
    /// Longer than any tracing system's id, short enough for every log line.
    static let lengthMax = 128

    /// The client's id, or a new random UUID (RFC 9562, version 4).
    static func choose(_ given: String?, using random: inout some RandomNumberGenerator) -> String {
        if let given, isSane(given) { return given }
        return make(random.next(), random.next())
    }

    /// A new random one.
    static func makeRandom() -> String {
        var random = SystemRandomNumberGenerator()
        return make(random.next(), random.next())
    }

    /// Whether an id is safe in headers, file names and SQL without escaping.
    static func isSane(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= lengthMax
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "+"):
                    true
                default: false
                }
            }
    }

    /// A UUID's text from 128 random bits.
    static func make(_ high: UInt64, _ low: UInt64) -> String {
        let high = high & 0xffff_ffff_ffff_0fff | 0x4000
        let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = nibble < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble % 16)) & 15)
                buffer[position] = digit < 10 ? digit + UInt8(ascii: "0") : digit - 10 + UInt8(ascii: "a")
                position += 1
            }
            return position
        }
    }
}
