// SPDX-License-Identifier: Apache-2.0
// Runs functions when their schedules are due. Platform owns it; Catalog tells it about changes.

import FunctionModel
import FunctionStore
import Logging

/// The schedules of one gateway.
final class CronService: CatalogObserver, Sendable {
    private let store: FunctionStore
    private let invoker: any FunctionInvoker
    private let logger: Logger

    init(store: FunctionStore, invoker: any FunctionInvoker, logger: Logger) {
        self.store = store
        self.invoker = invoker
        self.logger = logger
    }

    /// Begins with what the store holds: runs lost or missed while no gateway was up come first.
    func start() async {}

    /// Starts no further runs; those under way end with the gateway.
    func stop() async {}

    func catalogChanged(_ function: FunctionName, _ revision: Revision?) async {}
}
