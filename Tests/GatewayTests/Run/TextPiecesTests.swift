// SPDX-License-Identifier: Apache-2.0
// Streams of bytes, cut at ends of characters.

import NIOCore
import Testing

@testable import Gateway

@Suite("Pieces of text")
struct TextPiecesTests {
    @Test("are whole characters, wherever the stream was cut, and together they are the stream")
    func cuts() {
        let text = Array("aü€😀z".utf8)
        for first in 0...text.count {
            for second in first...text.count {
                var pieces = TextPieces()
                let parts = [text[..<first], text[first..<second], text[second...]]
                let out = parts.map { pieces.add(ByteBuffer(bytes: $0)) }
                for piece in out { #expect(String(validating: piece, as: UTF8.self) != nil) }
                #expect(out.flatMap { $0 } + pieces.finish() == text)
            }
        }
    }

    @Test(
        "that are no text come through as they are",
        arguments: [[0x80], [0xFF, 0x80], [0xC3], [0xE2, 0x82], [0xC3, 0x41]]
    )
    func noText(bytes: [UInt8]) {
        var pieces = TextPieces()
        #expect(pieces.add(ByteBuffer(bytes: bytes)) + pieces.finish() == bytes)
        #expect(pieces.finish() == [])
    }
}
