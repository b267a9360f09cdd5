// SPDX-License-Identifier: Apache-2.0
// What has happened, in order. Timer and cron tests look at it.

import Synchronization

final class FiredList: Sendable {
    private let storage = Mutex<[String]>([])

    var all: [String] { storage.withLock { $0 } }

    func add(_ text: String) { storage.withLock { $0.append(text) } }
}
