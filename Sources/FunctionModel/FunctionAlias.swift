// SPDX-License-Identifier: Apache-2.0
// Names for revisions of a function, each with the share of the calls that it gets (canary).

/// The name of an alias, as AWS Lambda writes it: `[a-zA-Z0-9-_]+`, but not digits alone, which name a revision.
package struct AliasName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Lambda's bound.
    package static let lengthMax = 128

    package let text: String

    /// Parses a name.
    ///
    /// - Throws: ``ModelError``.
    package init(_ given: String) throws(ModelError) {
        let isDigits = given.utf8.allSatisfy { (48...57).contains($0) }
        guard !isDigits || given.isEmpty else {
            throw ModelError(
                field: "alias",
                value: String(given.prefix(Self.lengthMax)),
                expected: "a letter, '-' or '_' in it: digits alone name a revision"
            )
        }
        guard !given.isEmpty, given.utf8.count <= Self.lengthMax, given.utf8.allSatisfy(Self.isAllowed) else {
            throw ModelError(
                field: "alias",
                value: String(given.prefix(Self.lengthMax)),
                expected: "1 to \(Self.lengthMax) letters, digits, '-' or '_'"
            )
        }
        text = given
    }

    package var description: String { text }

    package static func < (left: AliasName, right: AliasName) -> Bool { left.text < right.text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// A part of all calls, in thousandths of a percent, so that sums are exact.
package struct CallShare: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// All calls.
    package static let whole = CallShare(thousandths: 100_000)

    package let thousandths: Int

    /// Makes a share without a check; ``FunctionAlias/init(name:targets:)`` has it.
    package init(thousandths: Int) { self.thousandths = thousandths }

    /// A share in percent with up to three decimals.
    ///
    /// - Throws: ``ModelError`` unless it is more than 0 and at most 100.
    package init(percent: Double) throws(ModelError) {
        let scaled = percent * 1000
        guard percent > 0, percent <= 100, abs(scaled - scaled.rounded()) < 1e-6 else {
            throw ModelError(
                field: "weight",
                value: "\(percent)",
                expected: "more than 0 and at most 100 percent, with up to three decimals"
            )
        }
        thousandths = Int(scaled.rounded())
    }

    package var percent: Double { Double(thousandths) / 1000 }

    /// In percent, without needless decimals.
    package var description: String {
        let percent = percent
        return percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
    }

    package static func < (left: CallShare, right: CallShare) -> Bool { left.thousandths < right.thousandths }
}

/// A name for one revision, or for several that share its calls.
package struct FunctionAlias: Hashable, Sendable {
    /// Revisions of one alias.
    ///
    /// A canary has two; more is for comparisons, and each one keeps an image and a pool.
    package static let targetsMax = 4
    /// Aliases of one function: with ``targetsMax`` the bound of what they keep.
    package static let countMax = 16

    /// One revision and its share.
    package struct Target: Hashable, Sendable {
        package var revision: Int
        package var share: CallShare

        package init(revision: Int, share: CallShare) {
            self.revision = revision
            self.share = share
        }
    }

    package let name: AliasName
    /// By revision; the shares sum up to ``CallShare/whole``.
    package let targets: [Target]

    /// Checks the targets.
    ///
    /// - Throws: ``ModelError`` when there are none or too many, when one is there twice or has no share, or when the
    ///   shares do not sum up to 100 percent.
    package init(name: AliasName, targets: [Target]) throws(ModelError) {
        guard (1...Self.targetsMax).contains(targets.count) else {
            throw ModelError(
                field: "revisions",
                value: "\(targets.count) revisions",
                expected: "1 to \(Self.targetsMax)"
            )
        }
        for target in targets where target.revision < 1 || target.share.thousandths < 1 {
            throw ModelError(
                field: "revisions",
                value: "\(target.revision)=\(target.share)",
                expected: "a revision from 1 on with a weight of more than 0"
            )
        }
        guard Set(targets.map(\.revision)).count == targets.count else {
            throw ModelError(
                field: "revisions",
                value: targets.map { "\($0.revision)" }.joined(separator: ", "),
                expected: "each revision once"
            )
        }
        // Bounded first: a sum of huge numbers would overflow.
        let sum =
            targets.contains { $0.share > .whole } ? nil : targets.reduce(0) { $0 + $1.share.thousandths }
        guard sum == CallShare.whole.thousandths else {
            throw ModelError(
                field: "revisions",
                value: targets.map { "\($0.revision)=\($0.share)" }.joined(separator: " "),
                expected: "weights that sum up to 100 percent"
            )
        }
        self.name = name
        self.targets = targets.sorted { $0.revision < $1.revision }
    }

    /// Targets as people write them: the one revision without a weight gets what the others leave.
    ///
    /// - Parameter given: revisions with weights in percent.
    /// - Returns: targets with shares; their sum is checked by ``init(name:targets:)``.
    /// - Throws: ``ModelError`` when a weight is none, or several have none.
    package static func targets(_ given: [(revision: Int, percent: Double?)]) throws(ModelError) -> [Target] {
        var targets: [Target] = []
        var open: Int?
        for (revision, percent) in given {
            if let percent {
                targets.append(Target(revision: revision, share: try CallShare(percent: percent)))
            } else if open == nil {
                open = revision
            } else {
                throw ModelError(
                    field: "revisions",
                    value: "\(revision)",
                    expected: "a weight in percent for each revision but one"
                )
            }
        }
        guard let open else { return targets }
        let left = CallShare.whole.thousandths - targets.reduce(0) { $0 + $1.share.thousandths }
        return targets + [Target(revision: open, share: CallShare(thousandths: left))]
    }

    /// The revision of one call.
    ///
    /// - Parameter draw: random, from 0 up to but not including ``CallShare/whole``.
    /// - Returns: of all draws each revision gets exactly its share.
    package func revision(at draw: Int) -> Int {
        var end = 0
        for target in targets {
            end += target.share.thousandths
            if draw < end { return target.revision }
        }
        // Not reached with a draw of the range: there is at least one target.
        return targets[targets.count - 1].revision
    }
}

/// Which revision of a function a call is for, where its path says so: `NAME:3` or `NAME:prod`.
package enum FunctionVersion: Hashable, Sendable, CustomStringConvertible {
    case revision(Int)
    case alias(AliasName)

    /// Digits of the largest number that is read; a deploy per second for 30 years has fewer.
    private static let digitsMax = 9

    /// Parses what follows the colon.
    ///
    /// - Throws: ``ModelError``.
    package init(_ text: String) throws(ModelError) {
        if !text.isEmpty, text.utf8.count <= Self.digitsMax, text.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(text)
        {
            self = .revision(number)
        } else {
            self = .alias(try AliasName(text))
        }
    }

    package var description: String {
        switch self {
        case .revision(let number): "\(number)"
        case .alias(let name): name.text
        }
    }
}
