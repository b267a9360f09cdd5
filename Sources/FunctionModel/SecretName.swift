// SPDX-License-Identifier: Apache-2.0
// Names of secrets: they become file names in the data folder and inside sandboxes.

/// The rule for a secret's name.
package enum SecretName {
    /// What a file name can hold, with room for a suffix inside the 255 bytes of NAME_MAX.
    package static let bytesMax = 253

    /// Letters, digits, `.`, `_` and `-`, not starting with a dot: no separator, no `..`, no hidden file.
    package static func isValid(_ name: String) -> Bool {
        let bytes = name.utf8
        return (1...bytesMax).contains(bytes.count) && bytes.first != UInt8(ascii: ".")
            && bytes.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
