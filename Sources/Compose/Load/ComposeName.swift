// SPDX-License-Identifier: Apache-2.0
// Names of projects, services and containers.

import ManifestReader

/// The grammars of names.
package enum ComposeName {
    /// A project's name is a part of names of containers, which have 63 characters with Docker's tools.
    static let lengthMax = 63

    /// Whether a text is a project's name: lower case letters, digits, `-` and `_`.
    package static func isProject(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLower(first) || Byte.isDigit(first) else { return false }
        return text.utf8.count <= lengthMax
            && text.utf8.allSatisfy {
                isLower($0) || Byte.isDigit($0) || $0 == Byte.minus || $0 == UInt8(ascii: "_")
            }
    }

    /// The project's name that a folder gives; empty when nothing of it is usable.
    package static func project(folder: String) -> String {
        let last = folder.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let kept = last.utf8.filter {
            isLower($0) || Byte.isDigit($0) || $0 == Byte.minus || $0 == UInt8(ascii: "_")
        }
        let name = kept.drop { !isLower($0) && !Byte.isDigit($0) }
        return String(decoding: name.prefix(lengthMax), as: UTF8.self)
    }

    /// Whether a text is a service's name.
    static func isService(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= lengthMax && text.utf8.allSatisfy(isWord)
    }

    /// The value of `container_name`.
    static func container(_ field: ComposeField) throws(ManifestError) -> String {
        let text = try field.text()
        guard let first = text.utf8.first, isWord(first), text.utf8.allSatisfy(isWord),
            text.utf8.count <= lengthMax
        else {
            throw field.invalid(text, expected: "letters, digits, '_', '.' and '-'")
        }
        return text
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        Byte.isNameStart(byte) || Byte.isDigit(byte) || byte == Byte.minus || byte == UInt8(ascii: ".")
    }
}

/// Labels of what a project made, with the names that Docker's tools use.
package enum ComposeLabel {
    static let prefix = "com.docker.compose."
    package static let project = prefix + "project"
    package static let service = prefix + "service"
    package static let number = prefix + "container-number"
    package static let oneOff = prefix + "oneoff"
    package static let configHash = prefix + "config-hash"
    package static let image = prefix + "image"
    package static let folder = prefix + "project.working_dir"
    package static let files = prefix + "project.config_files"
    package static let volume = prefix + "volume"
    package static let network = prefix + "network"
}
