// SPDX-License-Identifier: Apache-2.0
// The vocabulary of the pool's state machines: numbers, settings, answers and actions. Values only.

import FunctionModel

/// A slot as the pools count it; never used twice in one gateway.
struct SlotNumber: Hashable, Sendable, Comparable {
    var value: UInt64
    static func < (left: SlotNumber, right: SlotNumber) -> Bool { left.value < right.value }
}

/// A caller in a queue; never used twice in one gateway.
struct WaiterNumber: Hashable, Sendable { var value: UInt64 }

/// A pool, that is one function revision; never used twice in one gateway.
struct PoolNumber: Hashable, Sendable, Comparable {
    var value: UInt64
    static func < (left: PoolNumber, right: PoolNumber) -> Bool { left.value < right.value }
}

/// The part of a function's configuration that concerns its pool.
struct PoolSettings: Hashable, Sendable {
    var concurrency: Int
    var queueLength: Int
    var queueWait: Duration
    var warmMin: Int
    var warmMax: Int
    /// A call is likely soon, as after a deploy: one sandbox is made for it, and given back when no call arrives.
    var expectsCall: Bool
    /// Whether idle slots may share the empty network namespace until their first call.
    var mayShareEmptyNetwork: Bool
    /// Whether a sandbox's program is started before its invocation is known, and must be ready before it is leased.
    var startsAhead: Bool
    /// How many invocations one sandbox may serve.
    var usesMax: Int
    /// Whether slots may copy a template of the program.
    var copiesTemplate: Bool
    /// The containers that its sandboxes reach.
    var services: [ServiceUse]

    init(_ configuration: FunctionConfiguration, expectsCall: Bool = false) {
        self.expectsCall = expectsCall
        startsAhead = configuration.startsAhead
        usesMax = max(1, configuration.reuse)
        copiesTemplate = configuration.template
        services = configuration.services
        mayShareEmptyNetwork = configuration.network == .none && !startsAhead && services.isEmpty
        concurrency = configuration.concurrency
        queueLength = configuration.queue.length
        // A caller that waits for the first program must wait long enough to get it, or the reason of its failure.
        queueWait = configuration.queue.wait.duration + (startsAhead ? ReadinessState.spanMax : .zero)
        warmMax = min(configuration.warm.max, configuration.concurrency)
        warmMin = min(configuration.warm.min, warmMax)
    }
}

/// Why a pool gives no sandbox.
enum PoolRefusal: Error, Hashable, Sendable {
    /// The queue is full, or the wait in it was too long.
    case busy
    /// The host has no room for one more sandbox of this function.
    case noRoom
    /// The last attempts to make a sandbox failed; the text names step and errno.
    case cannotStart(String)
    /// The revision was replaced or removed, or the gateway drains: look the function up again.
    case closed
    /// The caller was cancelled.
    case cancelled
}

/// Why a slot or sandbox could not be made.
struct SlotFailure: Hashable, Sendable {
    /// Names step and errno.
    var reason: String
    /// Spawner or slot died meanwhile: mostly not the function's fault, so callers continue to wait for a while.
    var isDeath = false
    /// The program cannot be copied, whichever slot tries.
    var isRefusal = false
}

/// The one answer that each waiter gets.
enum WaiterAnswer: Hashable, Sendable {
    case lease(SlotNumber)
    case refused(PoolRefusal)
}

/// What the driver does after an event, outside its lock and in this order.
enum PoolAction: Hashable, Sendable {
    /// Ask the spawner for a slot, in the empty network when no caller waits for it; then `slotLaunched` or
    /// `slotFailed`.
    case launch(SlotNumber, sharesEmptyNetwork: Bool)
    /// Ask the spawner for a slot with a template of the program; then `slotLaunched` or `slotFailed`.
    case launchTemplate(SlotNumber)
    /// Ask the slot for its next sandbox; then `sandboxReady` or `slotFailed`.
    case make(SlotNumber)
    /// Start the program of the slot's sandbox; then `programReady` or `slotFailed`.
    case start(SlotNumber)
    /// Give the slot back with its sandbox, if any; the state has forgotten it.
    case retire(SlotNumber)
    case answer(WaiterNumber, WaiterAnswer)
}

/// The result of a lease request.
enum LeaseResult: Hashable, Sendable {
    /// A warm sandbox, at once.
    case use(SlotNumber, [PoolAction])
    case wait([PoolAction])
    case refuse(PoolRefusal)
}
