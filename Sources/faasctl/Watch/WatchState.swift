// SPDX-License-Identifier: Apache-2.0
// When a changed folder is deployed again: decisions without IO. FolderWatch drives it.

/// Joins changes that come together into one.
struct WatchState: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Silence after which a change is taken to be complete: editors write several files within a few milliseconds.
    static let quiet = Duration.milliseconds(200)
    /// A folder that never is silent is deployed after this time nevertheless.
    static let patience = Duration.seconds(3)

    /// Folders whose changes are no change of a function.
    private static let ignored: Set<String> = [".git", ".build", "node_modules", "__pycache__"]
    /// Ends of the names of what editors keep beside a file: Vim's swap files, backups of Vim and Emacs.
    private static let editorEnds = ["~", ".swp", ".swx", ".swo"]
    /// The file with which Vim tries whether a folder can be written, and how Emacs begins its locks and drafts.
    private static let editorBeginnings = ["4913", ".#", "#"]

    private var firstChange: Instant?
    private var lastChange: Instant?

    /// Whether a change of this name, the last part of a path, is one of a function.
    static func counts(_ name: String) -> Bool {
        !ignored.contains(name) && !editorEnds.contains { name.hasSuffix($0) }
            && !editorBeginnings.contains { name.hasPrefix($0) }
    }

    /// Something changed.
    mutating func changed(at now: Instant) {
        firstChange = firstChange ?? now
        lastChange = now
    }

    /// When the change is complete; nil without one.
    var due: Instant? {
        guard let firstChange, let lastChange else { return nil }
        return min(lastChange + Self.quiet, firstChange + Self.patience)
    }

    /// Time passed.
    ///
    /// - Returns: whether to deploy now; once for each change.
    mutating func timePassed(at now: Instant) -> Bool {
        guard let due, due <= now else { return false }
        (firstChange, lastChange) = (nil, nil)
        return true
    }
}
