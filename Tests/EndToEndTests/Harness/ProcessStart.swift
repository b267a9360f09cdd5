// SPDX-License-Identifier: Apache-2.0
// Starting programs without keeping their files open in the tests' process.

import Foundation

extension Process {
    /// Starts the program and closes the files that it was given.
    ///
    /// Foundation never frees a started Process, so its files would stay open, and with about 1,360 open
    /// descriptors `run()` itself writes behind a buffer (Swift 6.3).
    ///
    /// - Throws: what `run()` throws; the files are closed then too.
    func start() throws {
        defer {
            // A Process without files of its own has those of this one, which must stay open: the next file would
            // take a standard number, and a program that gets it as another one would find /dev/null.
            let kept: [FileHandle] = [.nullDevice, .standardInput, .standardOutput, .standardError]
            var closed = Set(kept.map { ObjectIdentifier($0) })
            for case let file as FileHandle in [standardInput, standardOutput, standardError]
            where closed.insert(ObjectIdentifier(file)).inserted {
                // The program has its own copy: nothing is lost when this one does not close.
                try? file.close()
            }
        }
        try run()
    }
}
