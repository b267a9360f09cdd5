// SPDX-License-Identifier: Apache-2.0
// The frames of an attached container, or of a process that entered one, on this terminal. AttachedTerminal
// uses it.

import Foundation
import FunctionModel
import GatewayAPI
import NIOCore

/// Follows one answer to its end.
struct AttachedStream {
    let client: GatewayClient
    /// What fails, for messages.
    let what: String

    enum Answer {
        case ended(ContainerEnded)
        /// The gateway's refusal: nothing runs.
        case refused(GatewayResponse)
        /// The keys were typed: it runs on.
        case detached
    }

    /// Sends a request and shows what comes back.
    ///
    /// - Parameters:
    ///   - start: the request.
    ///   - link: begins when the id is known.
    ///   - hasTerminal: whether there is a terminal at the other end.
    ///   - hasInput: whether standard input is sent.
    /// - Returns: the end, the refusal, or that the keys which detach were typed.
    /// - Throws: ``CommandFailure`` when the gateway closes the connection before the end is known.
    func follow(
        _ start: GatewayRequest,
        _ link: AttachLink,
        hasTerminal: Bool,
        hasInput: Bool
    ) async throws(CommandFailure) -> Answer {
        let reading = Task { () async -> Result<Answer, CommandFailure> in
            do throws(CommandFailure) {
                return .success(try await read(start, link, hasTerminal: hasTerminal, hasInput: hasInput))
            } catch {
                return .failure(error)
            }
        }
        link.onDetach { reading.cancel() }
        let result = await reading.value
        return link.isDetached ? .detached : try result.get()
    }

    private func read(
        _ start: GatewayRequest,
        _ link: AttachLink,
        hasTerminal: Bool,
        hasInput: Bool
    ) async throws(CommandFailure) -> Answer {
        var buffer = ByteBuffer()
        var refusal = Data()
        var end: ContainerEnded?
        let head = try await client.stream(start) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            buffer.writeBytes(bytes)
            while let frame = try frame(&buffer) {
                switch frame {
                case .started(let json):
                    let id = try decode(ContainerStarted.self, json).id
                    if hasTerminal, hasInput { TerminalMode.makeRaw() }
                    link.begin(id, takesInput: hasInput)
                case .output(let bytes): try Terminal.output.write(bytes.readableBytesView)
                case .errors(let bytes): try Terminal.error.write(bytes.readableBytesView)
                case .ended(let json): end = try decode(ContainerEnded.self, json)
                }
            }
        }
        guard head.isSuccess else { return .refused(GatewayResponse(head: head, body: refusal)) }
        guard let end else {
            throw CommandFailure(
                "the container's end is unknown",
                why: "the gateway closed the connection",
                next: "see its log"
            )
        }
        return .ended(end)
    }

    private func frame(_ buffer: inout ByteBuffer) throws(CommandFailure) -> AttachFrame? {
        do throws(AttachFrameError) {
            return try AttachFrame.take(from: &buffer)
        } catch {
            throw CommandFailure(
                what,
                why: "the gateway's answer cannot be decoded",
                next: "check that gateway and faasctl have the same version"
            )
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ json: ByteBuffer) throws(CommandFailure)
        -> Value
    { try GatewayClient.decode(type, from: Data(json.readableBytesView), what) }
}
