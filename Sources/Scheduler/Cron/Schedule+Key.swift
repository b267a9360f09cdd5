// SPDX-License-Identifier: Apache-2.0
// The row of a schedule in the store. CronService and Catalog ask.

import FunctionModel
import FunctionStore
import Schedules

extension Schedule {
    /// What the store remembers it by.
    func key(of function: FunctionName) -> ScheduleKey {
        ScheduleKey(function: function, expression: identity, ordinal: ordinal)
    }
}
