// SPDX-License-Identifier: Apache-2.0
// From stderr's bytes to bounded lines.

import Testing

@testable import Scheduler

@Suite struct LogSplitterTests {
    @Test("lines are the same wherever the pieces are split")
    func pieces() {
        let text = Array("one\ntwo\r\n\nthree".utf8)
        for cut in 0...text.count {
            var splitter = LogSplitter()
            let lines = splitter.received(text[..<cut]) + splitter.received(text[cut...]) + splitter.ended()
            #expect(lines == ["one", "two", "", "three"], "cut at \(cut)")
        }
    }

    @Test("bytes that are no UTF-8 are replaced, not dropped with their line")
    func invalidBytes() {
        var splitter = LogSplitter()
        #expect(splitter.received([0x61, 0xFF, 0x62, 0x0A]) == ["a\u{FFFD}b"])
    }

    @Test("a line without end is cut into pieces of bounded length")
    func longLine() {
        var splitter = LogSplitter()
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: LogSplitter.lineBytesMax * 2 + 5)
        let lines = splitter.received(bytes) + splitter.ended()
        #expect(lines.map(\.utf8.count) == [LogSplitter.lineBytesMax, LogSplitter.lineBytesMax, 5])
    }

    @Test("a log that never ends is cut, and says so once", arguments: ["\n", "a line of some length\n"])
    func endless(_ line: String) {
        var splitter = LogSplitter()
        var count = 0
        var notes = 0
        for _ in 0..<2000 {
            let lines = splitter.received(Array(String(repeating: line, count: 100).utf8))
            count += lines.count
            notes += lines.count { $0.hasPrefix("mayfly:") }
        }
        #expect(notes == 1)
        #expect(count <= LogSplitter.invocationBytesMax / LogSplitter.lineOverheadBytes + 1)
        #expect(splitter.ended() == [])
    }
}
