// SPDX-License-Identifier: Apache-2.0
// The wire form of an attached container's answer.

import GatewayAPI
import NIOCore
import Testing

@Suite("Frames of an attached container")
struct AttachFrameTests {
    @Test("come back as they went, however the bytes are cut")
    func roundTrip() throws {
        let frames: [AttachFrame] = [
            .started(ByteBuffer(string: "{}")), .output(ByteBuffer(string: "out")), .errors(ByteBuffer()),
            .output(ByteBuffer(repeating: 7, count: 70_000)), .ended(ByteBuffer(string: "{}")),
        ]
        var wire = ByteBuffer()
        for frame in frames { wire.writeImmutableBuffer(frame.encoded()) }
        var buffer = ByteBuffer()
        var found: [AttachFrame] = []
        while let piece = wire.readSlice(length: min(wire.readableBytes, 3)), piece.readableBytes > 0 {
            buffer.writeImmutableBuffer(piece)
            while let frame = try AttachFrame.take(from: &buffer) { found.append(frame) }
        }
        #expect(found == frames)
        #expect(buffer.readableBytes == 0)
    }

    @Test("of another kind or size are refused", arguments: [[4, 0, 0, 0, 0], [1, 255, 0, 0, 0]])
    func refused(head: [UInt8]) {
        var buffer = ByteBuffer(bytes: head)
        #expect(throws: AttachFrameError.self) { try AttachFrame.take(from: &buffer) }
    }
}
