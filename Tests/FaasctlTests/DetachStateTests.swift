// SPDX-License-Identifier: Apache-2.0
// The keys that detach a terminal, in any division of what is typed.

import Testing

@testable import faasctl

@Suite("Detach keys") struct DetachStateTests {
    /// Types pieces, and gives what was passed on, and the index of the piece that detached.
    private static func type(_ pieces: [[UInt8]], _ keys: DetachKeys = .standard) -> ([UInt8], Int?) {
        var state = DetachState(keys)
        var passed: [UInt8] = []
        for (index, piece) in pieces.enumerated() {
            let typed = state.typed(piece)
            passed += typed.bytes
            if typed.isDetached { return (passed, index) }
        }
        return (passed + state.ended(), nil)
    }

    @Test("are found in one piece, over two, and nothing behind them is passed on")
    func found() {
        #expect(Self.type([[1, 2, 16, 17, 3]]) == ([1, 2], 0))
        #expect(Self.type([[1, 16], [17, 3]]) == ([1], 1))
        #expect(Self.type([[16], [], [17]]) == ([], 2))
    }

    @Test("that are begun and not finished are passed on, in order")
    func unfinished() {
        #expect(Self.type([[16, 5]]) == ([16, 5], nil))
        #expect(Self.type([[16], [5]]) == ([16, 5], nil))
        #expect(Self.type([[17, 16]]) == ([17, 16], nil))
        #expect(Self.type([[16, 16, 17]]) == ([16], 0))
        #expect(Self.type([[1]]) == ([1], nil))
    }

    @Test("with a beginning that repeats are found wherever they are", arguments: 1...7)
    func repeated(size: Int) throws {
        let keys = try #require(DetachKeys("a,b,a,b,c"))
        let typed = Array("xababababcz".utf8)
        let pieces = stride(from: 0, to: typed.count, by: size).map {
            Array(typed[$0..<min($0 + size, typed.count)])
        }
        #expect(Self.type(pieces, keys).0 == Array("xabab".utf8))
        #expect(Self.type(pieces, keys).1 != nil)
        #expect(Self.type([Array("abaabab".utf8)], keys) == (Array("abaabab".utf8), nil))
    }

    @Test("are written as Docker writes them")
    func written() {
        #expect(DetachKeys("") == .standard)
        #expect(DetachKeys("ctrl-p,ctrl-q") == .standard)
        #expect(DetachKeys("ctrl-@,CTRL-_,x")?.bytes == [0, 31, 120])
        for wrong in ["abc", "ctrl-", "ctrl-1", "a,,b", "ctrl-aa", "ä"] {
            #expect(DetachKeys(wrong) == nil, "\(wrong)")
        }
    }
}
