// SPDX-License-Identifier: Apache-2.0
// Whether a slot has a template: decisions without IO. Slot drives it.

/// The template of one slot, seen from the gateway.
///
/// It is made once, and ends with its slot.
struct TemplateState: Hashable, Sendable {
    private enum Phase: Hashable {
        case none
        case starting
        case ready
        case refused
    }

    private var phase = Phase.none

    /// A template is wanted.
    ///
    /// - Returns: false when one was wanted before.
    mutating func requested() -> Bool {
        guard case .none = phase else { return false }
        phase = .starting
        return true
    }

    /// The slot answered.
    ///
    /// - Parameter isReady: whether it has checked and frozen the template.
    /// - Returns: false when nothing was asked.
    mutating func answered(isReady: Bool) -> Bool {
        guard case .starting = phase else { return false }
        phase = isReady ? .ready : .refused
        return true
    }

    /// Whether the slot's sandboxes are copies.
    var isReady: Bool { phase == .ready }
}
