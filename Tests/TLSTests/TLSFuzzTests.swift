// SPDX-License-Identifier: Apache-2.0
// Bytes of a client damaged at random, from a fixed seed: the number of rounds bounds the time.

import COpenSSL
import NIOCore
import NIOEmbedded
import Testing

@testable import TLS

/// A small generator whose numbers depend on its seed only (xorshift).
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Suite struct TLSFuzzTests {
    private enum Damage: CaseIterable { case flip, cut, insert, double, swap }

    private func damaged(_ bytes: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        guard bytes.count > 2 else { return bytes }
        var bytes = bytes
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Damage.allCases.randomElement(using: &random) {
        case .flip: bytes[place] ^= UInt8.random(in: 1...255, using: &random)
        case .cut: bytes.removeSubrange(place...)
        case .insert:
            let count = Int.random(in: 1...300, using: &random)
            bytes.insert(
                contentsOf: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) },
                at: place
            )
        case .double: bytes += bytes
        case .swap: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
        case nil: break
        }
        return bytes
    }

    @Test(
        "random damage of a client's bytes never does more than end its connection",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION]
    )
    func damage(version: Int32) throws {
        let server = try TestCertificate.server()
        var random = SeededRandom(state: 0x9e37_79b9_7f4a_7c15)
        var failures = 0
        for round in 0..<1500 {
            let pair = try TestPair(server, ClientOptions(versionMax: version, name: "a.example"))
            let victim = round % 4
            for step in 0..<5 {
                let isOpen = pair.client.handshake()
                if isOpen { _ = pair.client.write([UInt8](repeating: 7, count: 100)) }
                let bytes = pair.client.take()
                pair.send(step == victim ? damaged(bytes, using: &random) : bytes)
                pair.client.feed(pair.serverBytes())
            }
            pair.channel.embeddedEventLoop.advanceTime(by: TLSHandler.handshakeTime)
            failures += pair.recorder.failures.count
            // Nothing but what the client wrote, and one failure at most, reached the application.
            let isGenuine = pair.recorder.received.allSatisfy { $0 == 7 }
            #expect(isGenuine && pair.recorder.failures.count <= 1, "round \(round)")
            #expect(pair.recorder.isClosed || pair.recorder.negotiated.count == 1, "round \(round)")
            pair.finish()
        }
        #expect(failures > 500)
        // The server serves on.
        let pair = try TestPair(server)
        pair.exchange()
        #expect(pair.recorder.negotiated.count == 1)
        pair.finish()
    }
}
