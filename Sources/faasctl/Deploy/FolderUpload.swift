// SPDX-License-Identifier: Apache-2.0
// A folder as the body of a request, with the command's errors. Builds, imports and image sources use it.

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
    ///   - pack: starts the stream.
    /// - Throws: ``CommandFailure`` when packing cannot start.
    init(_ what: String, _ pack: () throws(ClientFileError) -> PackedFolder) throws(CommandFailure) {
        do throws(ClientFileError) { packed = try pack() } catch {
            throw CommandFailure(what, why: error.description)
        }
    }

    /// Devices and sockets that were left out, after ``carry(_:_:)``.
    var skipped: Int { packed.skipped }

    /// The request's body; the request is aborted when a file cannot be read, so that the gateway does not use an
    /// incomplete folder.
    var content: RequestContent {
        .stream(packed.descriptor, type: MediaName.tar) { [packed] in packed.isWhole }
    }

    /// Sends the request with the folder.
    ///
    /// - Parameters:
    ///   - what: begins the message when it fails.
    ///   - send: sends ``content``.
    /// - Returns: the result of `send`.
    /// - Throws: ``CommandFailure``: of the unreadable file, else the error of `send`.
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
    /// - Throws: ``CommandFailure`` when a file could not be read.
    private func finish(_ what: String) throws(CommandFailure) {
        do throws(ClientFileError) { try packed.finish() } catch {
            throw CommandFailure(what, why: error.description)
        }
    }
}

extension GatewayClient {
    /// Whether uploads are compressed with gzip: over loopback compression costs more than it saves.
    var compresses: Bool { !BasicCredentials.isLoopback(address) }
}
