// SPDX-License-Identifier: Apache-2.0
// What is written in a certificate that has not been served yet. ACME checks what an authority issued with it.

/// A certificate chain whose key belongs to it.
package struct TLSPairFacts: Sendable {
    private let identity: TLSIdentity

    /// Unix time.
    package var validFromSeconds: Int64 { identity.validFrom }
    /// Unix time.
    package var validUntilSeconds: Int64 { identity.validUntil }

    /// Whether it is for a host, in lower case; an address without brackets.
    package func covers(_ host: String) -> Bool { identity.covers(host) }

    fileprivate init(_ identity: TLSIdentity) { self.identity = identity }
}

extension TLSPair {
    /// Parses both files; blocks for a millisecond.
    ///
    /// - Throws: ``TLSError`` when one cannot be used, or they do not belong together.
    package func facts() throws(TLSError) -> TLSPairFacts {
        TLSPairFacts(try TLSIdentity(certificate: certificate, key: key))
    }
}
