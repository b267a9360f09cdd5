// SPDX-License-Identifier: Apache-2.0
// A folder as the content of a request, with the command's errors. Builds, imports and image sources drive it.

import ClientFiles
import Foundation
import GatewayAPI

/// One folder that a request sends.
///
/// The command owns it and calls ``finish(_:)`` once the request is over.
struct FolderUpload {
    private let packed: PackedFolder

    /// Starts packing.
    ///
    /// - Parameters:
    ///   - what: begins the message when it fails.
    ///   - pack: makes the stream.
    /// - Throws: ``CommandFailure`` when it cannot begin.
    init(_ what: String, _ pack: () throws(ClientFileError) -> PackedFolder) throws(CommandFailure) {
        do throws(ClientFileError) { packed = try pack() } catch {
            throw CommandFailure(what, why: error.description)
        }
    }

    /// Devices and sockets that were left out, after ``finish(_:)``.
    var skipped: Int { packed.skipped }

    /// What the request sends.
    var content: RequestContent { .stream(packed.descriptor, type: MediaName.tar) }

    /// Closes the pipe and returns whether the folder was read completely.
    ///
    /// - Throws: ``CommandFailure`` when something in the folder could not be read.
    func finish(_ what: String) throws(CommandFailure) {
        do throws(ClientFileError) { try packed.finish() } catch {
            throw CommandFailure(what, why: error.description)
        }
    }
}

extension GatewayClient {
    /// Whether uploads are packed with gzip: over this machine's loopback packing costs more than it saves.
    var compresses: Bool { !BasicCredentials.isLoopback(address) }
}
