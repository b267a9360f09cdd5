// SPDX-License-Identifier: Apache-2.0
// Which dates the files and the documents of a build have. Pure: the clock's time is a parameter.

import FoundationEssentials

/// Dates of one build.
///
/// As with BuildKit, copied files keep the date of their source and a RUN step's files the date that the command gave
/// them. What the build makes itself has the time of the build.
struct BuildDates: Hashable, Sendable {
    /// The build argument that bounds every date (reproducible-builds.org, "SOURCE_DATE_EPOCH").
    static let argument = "SOURCE_DATE_EPOCH"

    /// The date of what the build makes itself, in seconds since 1970.
    let made: Int
    /// The newest date that a file of the image may have; nil keeps all.
    let newest: Int?

    /// The dates that the build arguments ask for.
    ///
    /// - Parameters:
    ///   - arguments: the build arguments.
    ///   - now: the time of the build, in seconds since 1970.
    /// - Throws: ``BuildError`` for a SOURCE_DATE_EPOCH that is no date.
    init(_ arguments: [String: String], now: Int) throws(BuildError) {
        guard let text = arguments[Self.argument], !text.isEmpty else {
            made = now
            newest = nil
            return
        }
        // Eleven octal digits are what a tar header holds: the year 2242.
        guard let seconds = Int(text), (0..<(1 << 33)).contains(seconds) else {
            throw .request(field: Self.argument, value: text, expected: "seconds since 1970")
        }
        made = seconds
        newest = seconds
    }

    /// The dates of files that have one of their own, and none of the clock: for layers that are made of files only.
    static let fixed = BuildDates(made: 0, newest: nil)

    private init(made: Int, newest: Int?) {
        self.made = made
        self.newest = newest
    }

    /// What the keys of the build cache hold of the dates: the bound, but neither the clock nor a file's own date.
    var keyPart: String { newest.map(String.init) ?? "" }

    /// The date of an entry of a layer.
    ///
    /// - Parameter own: the file's own date in seconds since 1970; nil for what the build made.
    /// - Returns: seconds since 1970.
    func date(_ own: Int?) -> Int {
        guard let own else { return made }
        return newest.map { min(own, $0) } ?? own
    }

    /// A date as image documents have it (RFC 3339).
    static func text(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
