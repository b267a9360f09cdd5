// SPDX-License-Identifier: Apache-2.0
// The progress events of a pull or push. The command line draws bars from them, logs write lines.

package import FunctionModel
import OCI

/// One step of a transfer.
///
/// Events of one blob come in order; those of different blobs mix.
package enum TransferEvent: Hashable, Sendable {
    /// The name was looked up.
    case resolved(reference: String, digest: Digest)
    /// A blob begins to move.
    case started(Digest, sizeBytes: Int)
    /// Nothing to do: the other side has it.
    case present(Digest, sizeBytes: Int)
    /// Bytes of a blob moved so far.
    case progressed(Digest, doneBytes: Int, sizeBytes: Int)
    /// The connection broke; the transfer continues from this offset.
    case resumed(Digest, fromByte: Int)
    /// The server does not support ranges: the transfer is restarted.
    case restarted(Digest)
    /// A failure that may pass.
    case retrying(what: String, reason: String, after: Duration)
    /// The registry took the blob from another of its repositories.
    case mounted(Digest, from: String)
    /// A blob is there, whole and verified.
    case finished(Digest, sizeBytes: Int)

    /// Bytes between two ``progressed(_:doneBytes:sizeBytes:)``: smooth bars, few events.
    static let progressStepBytes = 512 << 10
}

/// A listener of a transfer; called from several threads, and must not block.
package typealias TransferEvents = @Sendable (TransferEvent) -> Void
