// SPDX-License-Identifier: Apache-2.0
// The progress events of a pull or push. The command line draws bars of them, logs write lines.

package import FunctionModel
import OCI

/// One step of a transfer.
///
/// Events of one blob come in order; those of different blobs are interleaved.
package enum TransferEvent: Hashable, Sendable {
    /// The name was resolved.
    case resolved(reference: String, digest: Digest)
    /// The transfer of a blob begins.
    case started(Digest, sizeBytes: Int)
    /// No transfer is needed: the other side has the blob.
    case present(Digest, sizeBytes: Int)
    /// Bytes of a blob transferred so far.
    case progressed(Digest, doneBytes: Int, sizeBytes: Int)
    /// The connection broke; the transfer continues from this offset.
    case resumed(Digest, fromByte: Int)
    /// The server does not support ranges: the transfer is restarted.
    case restarted(Digest)
    /// A failure that may be temporary; the request is repeated.
    case retrying(what: String, reason: String, after: Duration)
    /// The registry mounted the blob from another of its repositories.
    case mounted(Digest, from: String)
    /// A blob has arrived, complete and verified.
    case finished(Digest, sizeBytes: Int)

    /// Bytes between two ``progressed(_:doneBytes:sizeBytes:)``: fine enough for a bar, few events.
    static let progressStepBytes = 512 << 10
}

/// A listener of a transfer; called from several threads, and must not block.
package typealias TransferEvents = @Sendable (TransferEvent) -> Void
