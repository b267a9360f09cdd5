// SPDX-License-Identifier: Apache-2.0
// What users type to name an image, read by distribution's grammar and made whole by Docker's rules.

package import FunctionModel

/// A complete reference: registry, repository, and a tag or digest or both.
///
/// `hello` becomes `docker.io/library/hello:latest`.
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// Host with optional port; `docker.io` when none was given.
    package let registry: String
    /// Path within the registry, for example `library/hello`.
    package let repository: String
    /// `latest` when neither tag nor digest was given.
    package let tag: String?
    package let digest: Digest?

    /// The registry that short names mean.
    package static let defaultRegistry = "docker.io"
    /// The longest reference without its digest, as the distribution-spec limits it.
    package static let maximumLength = 255

    /// Reads a reference.
    ///
    /// - Throws: ``OCIError/malformedReference(_:reason:)``.
    package init(_ text: String) throws(OCIError) {
        func refusal(_ reason: String) -> OCIError {
            .malformedReference(String(text.prefix(300)), reason: reason)
        }
        var rest = Substring(text)
        if let at = rest.firstIndex(of: "@") {
            digest = try Digest(String(rest[rest.index(after: at)...]))
            rest = rest[..<at]
        } else {
            digest = nil
        }
        guard !rest.isEmpty, rest.utf8.count <= Self.maximumLength else {
            throw refusal("1 to \(Self.maximumLength) characters are allowed")
        }
        var givenTag: String?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            givenTag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        if let givenTag, !Self.isTag(givenTag) {
            throw refusal("'\(givenTag)' is not a valid tag: letters, digits, '_', '.', '-', at most 128")
        }
        tag = givenTag ?? (digest == nil ? "latest" : nil)
        (registry, repository) = Self.split(rest)
        guard Self.isHost(registry) else { throw refusal("'\(registry)' is not a host name") }
        guard Self.isRepository(repository) else {
            throw refusal(
                "'\(repository)' is not a valid repository: lower-case letters, digits, and '.', '_', '-', '/' between"
            )
        }
    }

    private init(registry: String, repository: String, tag: String?, digest: Digest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// The same repository by tag only, which is how a reference is stored and listed.
    package var withoutDigest: ImageReference {
        ImageReference(
            registry: registry,
            repository: repository,
            tag: tag,
            digest: tag == nil ? digest : nil
        )
    }

    /// The normalised, whole form.
    package var description: String { "\(registry)/\(repository)" + suffix }

    /// The short form people type: without `docker.io/` and `library/`.
    package var familiar: String {
        guard registry == Self.defaultRegistry else { return description }
        let library = "library/"
        let isOfficial = repository.hasPrefix(library) && !repository.dropFirst(library.count).contains("/")
        return (isOfficial ? String(repository.dropFirst(library.count)) : repository) + suffix
    }

    private var suffix: String { (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "") }

    /// The first part is a registry when it has a dot or a port or is `localhost`.
    private static func split(_ name: Substring) -> (registry: String, repository: String) {
        if let slash = name.firstIndex(of: "/") {
            let first = name[..<slash]
            if first.contains(".") || first.contains(":") || first == "localhost"
                || first.contains(where: \.isUppercase)
            {
                let rest = String(name[name.index(after: slash)...])
                let isHub = first == "docker.io" || first == "index.docker.io"
                guard isHub else { return (String(first), rest) }
                return (defaultRegistry, rest.contains("/") ? rest : "library/" + rest)
            }
            return (defaultRegistry, String(name))
        }
        return (defaultRegistry, "library/" + name)
    }
}

extension ImageReference {
    /// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    package static func isTag(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= 128, isWord(first) || first == UInt8(ascii: "_") else {
            return false
        }
        return bytes.allSatisfy { isWord($0) || "._-".utf8.contains($0) }
    }

    /// Components of `[a-z0-9]+` joined by one `.`, one or two `_`, or any number of `-`; parts joined by `/`.
    static func isRepository(_ text: String) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isComponent)
    }

    private static func isComponent(_ part: Substring) -> Bool {
        let bytes = Array(part.utf8)
        guard let first = bytes.first, let last = bytes.last, isLower(first), isLower(last) else {
            return false
        }
        let separators = part.split(omittingEmptySubsequences: true) {
            $0.isASCII && isLower($0.asciiValue ?? 0)
        }
        return bytes.allSatisfy { isLower($0) || "._-".utf8.contains($0) }
            && separators.allSatisfy { $0 == "." || $0 == "_" || $0 == "__" || $0.allSatisfy { $0 == "-" } }
    }

    private static func isHost(_ text: String) -> Bool {
        var host = Substring(text)
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            let port = host[host.index(after: colon)...]
            guard let number = UInt16(port), number > 0 else { return false }
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            return host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" }
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte)
    }
    private static func isWord(_ byte: UInt8) -> Bool { isLower(byte) || (65...90).contains(byte) }
}
