// SPDX-License-Identifier: Apache-2.0
// When certificates are loaded again, and what is said about it: decisions without IO. CertificateKeeper drives it.

/// Which bytes the files had when they were last looked at.
struct CertificateWatchState: Hashable, Sendable {
    /// The digest of what was last loaded or refused.
    private var seen: String
    /// The last failure to read, said once.
    private var failure: String?

    /// Begins with the files that were loaded at the start.
    ///
    /// - Parameter digest: of all of them.
    init(loaded digest: String) { seen = digest }

    enum Looked: Hashable {
        case load
        /// Say it, and keep the old certificates.
        case report
        case nothing
    }

    /// The files were read.
    ///
    /// - Parameters:
    ///   - digest: of all of them.
    ///   - isAsked: an operator asked for it: loaded also when nothing changed.
    /// - Returns: whether to load them.
    mutating func read(_ digest: String, isAsked: Bool) -> Looked {
        failure = nil
        guard isAsked || digest != seen else { return .nothing }
        seen = digest
        return .load
    }

    /// One of the files could not be read.
    mutating func failed(_ reason: String, isAsked: Bool) -> Looked {
        defer { failure = reason }
        return isAsked || failure != reason ? .report : .nothing
    }
}
