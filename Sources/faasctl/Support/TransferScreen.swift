// SPDX-License-Identifier: Apache-2.0
// Writes a transfer's progress to standard error: a bar on a terminal, lines elsewhere, nothing with `--quiet`.

import Foundation
import GatewayAPI

/// The display of one transfer.
struct TransferScreen {
    private let isQuiet: Bool
    private let hasBar: Bool
    private var progress: TransferProgress
    private var lastDrawn: ContinuousClock.Instant?

    /// The interval of updates of the bar, so that a slow terminal does not slow down the transfer.
    private static let pause = Duration.milliseconds(100)

    init(verb: String, isQuiet: Bool) {
        self.isQuiet = isQuiet
        hasBar = Terminal.error.isInteractive
        progress = TransferProgress(verb: verb)
    }

    /// Displays an event.
    mutating func show(_ line: TransferLine) {
        let text = progress.take(line)
        guard !isQuiet else { return }
        guard hasBar else {
            if let text { Terminal.error.remark(text) }
            return
        }
        if line.event == .retrying || line.event == .resolved, let text {
            Terminal.error.remark("\r\u{1B}[K" + text)
            lastDrawn = nil
        }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < Self.pause { return }
        lastDrawn = now
        draw()
    }

    /// Ends the bar's line.
    mutating func end() {
        guard !isQuiet, hasBar, lastDrawn != nil else { return }
        draw()
        Terminal.error.remark("")
        lastDrawn = nil
    }

    private func draw() {
        let text = "\r\u{1B}[K" + progress.bar(columns: Terminal.error.columns)
        // A closed terminal is ignored.
        try? Terminal.error.write(text.utf8)
    }
}

extension Terminal {
    /// Characters of a line; 80 when unknown.
    var columns: Int {
        var size = winsize()
        guard unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
