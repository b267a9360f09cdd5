// SPDX-License-Identifier: Apache-2.0
// The framing of AWS's event streams (application/vnd.amazon.eventstream). LambdaInvocations writes it.

import NIOCore

/// One message: lengths, headers, payload, each part with a CRC-32.
enum EventStream {
    static let mediaType = "application/vnd.amazon.eventstream"
    /// Prelude, its code, and the code of the whole.
    private static let frameBytes = 16
    /// A header's value is a text.
    private static let textType: UInt8 = 7

    /// A message of type `event`.
    ///
    /// - Parameters:
    ///   - name: of the event.
    ///   - contentType: of the payload.
    ///   - payload: its bytes.
    /// - Returns: the frame.
    static func event(_ name: String, contentType: String, _ payload: ByteBuffer) -> ByteBuffer {
        var headers = ByteBuffer()
        let fields = [(":event-type", name), (":content-type", contentType), (":message-type", "event")]
        for (name, value) in fields {
            headers.writeInteger(UInt8(name.utf8.count))
            headers.writeString(name)
            headers.writeInteger(textType)
            headers.writeInteger(UInt16(value.utf8.count))
            headers.writeString(value)
        }
        var frame = ByteBuffer()
        frame.writeInteger(UInt32(frameBytes + headers.readableBytes + payload.readableBytes))
        frame.writeInteger(UInt32(headers.readableBytes))
        frame.writeInteger(crc(frame.readableBytesView))
        frame.writeBuffer(&headers)
        frame.writeImmutableBuffer(payload)
        frame.writeInteger(crc(frame.readableBytesView))
        return frame
    }

    /// The remainders of all bytes (ISO 3309, polynomial 0xEDB88320).
    private static let remainders: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ 0xEDB8_8320 }
    }

    static func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { code, byte in
            code >> 8 ^ remainders[Int(UInt8(truncatingIfNeeded: code) ^ byte)]
        }
    }
}
