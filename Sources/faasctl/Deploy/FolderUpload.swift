// SPDX-License-Identifier: Apache-2.0
// A folder as the content of a request, with the command's errors. Builds, imports and image sources drive it.

import ClientFiles
import Foundation
import GatewayAPI

/// One folder that a request sends.
///
/// The command owns it and sends its request with ``carry(_:_:)``, once.
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

    /// Devices and sockets that were left out, after ``carry(_:_:)``.
    var skipped: Int { packed.skipped }

    /// What the request sends; it breaks off when something in the folder cannot be read, so that the gateway makes
    /// nothing of what came before.
    var content: RequestContent {
        .stream(packed.descriptor, type: MediaName.tar) { [packed] in packed.isWhole }
    }

    /// Sends the request that carries the folder.
    ///
    /// - Parameters:
    ///   - what: begins the message when it fails.
    ///   - send: sends ``content``.
    /// - Returns: what `send` returns.
    /// - Throws: ``CommandFailure``: what could not be read, else what `send` throws.
    func carry<Value: Sendable>(
        _ what: String,
        _ send: () async throws(CommandFailure) -> Value
    ) async throws(CommandFailure) -> Value {
        let result: Result<Value, CommandFailure>
        do throws(CommandFailure) { result = .success(try await send()) } catch { result = .failure(error) }
        try finish(what)
        return try result.get()
    }

    /// Closes the pipe and returns whether the folder was read completely.
    ///
    /// - Throws: ``CommandFailure`` when something in the folder could not be read.
    private func finish(_ what: String) throws(CommandFailure) {
        do throws(ClientFileError) { try packed.finish() } catch {
            throw CommandFailure(what, why: error.description)
        }
    }
}

extension GatewayClient {
    /// Whether uploads are packed with gzip: over this machine's loopback packing costs more than it saves.
    var compresses: Bool { !BasicCredentials.isLoopback(address) }
}
