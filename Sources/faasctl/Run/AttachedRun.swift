// SPDX-License-Identifier: Apache-2.0
// The terminal's side of an attached container: writes its output, sends input and signals. RunCommand
// uses it.

import Foundation
import FunctionModel
import GatewayAPI
import NIOCore

/// One container through the gateway.
struct AttachedRun {
    let client: GatewayClient
    let global: GlobalOptions
    var request: ContainerRequest

    private static let what = "cannot run the container"

    /// Runs it to its end.
    ///
    /// - Returns: the exit code.
    /// - Throws: ``CommandFailure`` when the container cannot be started, or the gateway closes the connection.
    func run() async throws(CommandFailure) -> Int32 {
        var wanted = request
        if request.hasTerminal, let size = TerminalMode.size() {
            (wanted.rows, wanted.columns) = (size.rows, size.columns)
        }
        var start = GatewayRequest("POST", APIPath.containers)
        try start.setJSON(wanted)
        start.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let link = AttachLink(client: client)
        let signals = SignalRelay { link.signal($0) }
        defer {
            TerminalMode.restore()
            signals.end()
            link.end()
        }
        var end = try await follow(start, link, pulls: true)
        if end == nil {
            try await Transfer(client: client, global: global).pull(
                request.image,
                onlyMissing: true,
                Self.what
            )
            end = try await follow(start, link, pulls: false)
        }
        guard let end else {
            throw CommandFailure(Self.what, why: "the image '\(request.image)' does not exist")
        }
        if let reason = end.reason {
            TerminalMode.restore()
            Terminal.error.remark("faasctl: \(reason)")
        }
        return end.exitCode
    }

    /// Attaches to the container until its end; nil when `pulls` is set and the gateway lacks the image.
    private func follow(
        _ start: GatewayRequest,
        _ link: AttachLink,
        pulls: Bool
    ) async throws(CommandFailure) -> ContainerEnded? {
        var buffer = ByteBuffer()
        var refusal = Data()
        var end: ContainerEnded?
        let head = try await client.stream(start) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            buffer.writeBytes(bytes)
            while let frame = try Self.frame(&buffer) {
                switch frame {
                case .started(let json):
                    let id = try Self.decode(ContainerStarted.self, json).id
                    if request.hasTerminal, request.hasInput { TerminalMode.makeRaw() }
                    link.begin(id, takesInput: request.hasInput)
                case .output(let bytes): try Terminal.output.write(bytes.readableBytesView)
                case .errors(let bytes): try Terminal.error.write(bytes.readableBytesView)
                case .ended(let json): end = try Self.decode(ContainerEnded.self, json)
                }
            }
        }
        guard head.isSuccess else {
            let answer = GatewayResponse(head: head, body: refusal)
            if pulls, answer.isUnknownImage { return nil }
            throw client.failure(answer, Self.what)
        }
        guard let end else {
            throw CommandFailure(
                "the container's end is unknown",
                why: "the gateway closed the connection",
                next: "see its log"
            )
        }
        return end
    }

    private static func frame(_ buffer: inout ByteBuffer) throws(CommandFailure) -> AttachFrame? {
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

    private static func decode<Value: Decodable>(_ type: Value.Type, _ json: ByteBuffer)
        throws(CommandFailure)
        -> Value
    { try GatewayClient.decode(type, from: Data(json.readableBytesView), what) }
}

extension GatewayResponse {
    /// Whether the gateway lacks the image.
    fileprivate var isUnknownImage: Bool {
        head.status == 404 && problem?.code == ProblemBody.unknownImage
    }
}
