// SPDX-License-Identifier: Apache-2.0
// The schedules of one configuration, in Mayfly's and in OpenFaaS's form. Catalog checks with it, CronService runs it.

import FunctionModel
import FunctionStore

/// One schedule that has been understood.
struct Schedule: Hashable, Sendable {
    var configuration: ScheduleConfiguration
    /// Tells equal schedules of one function apart; 0 for the first.
    var ordinal: Int

    func key(of function: FunctionName) -> ScheduleKey {
        ScheduleKey(function: function, expression: configuration.cron, ordinal: ordinal)
    }
}

/// Every schedule of one function.
struct ScheduleSet: Hashable, Sendable {
    private(set) var schedules: [Schedule] = []

    init(_ configuration: FunctionConfiguration) throws(ModelError) {}
}
