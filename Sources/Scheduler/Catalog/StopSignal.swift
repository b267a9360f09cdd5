// SPDX-License-Identifier: Apache-2.0
// An image's STOPSIGNAL as a number. FunctionPreparer and Container asks.

import FunctionModel
import Glibc

/// The signal that asks a container for its end.
enum StopSignal {
    /// The number of an image's STOPSIGNAL.
    ///
    /// SIGTERM when none is given or the name is unknown, as Docker has it.
    static func number(_ text: String?) -> Int32 { text.flatMap(SignalNumber.of) ?? SIGTERM }
}
