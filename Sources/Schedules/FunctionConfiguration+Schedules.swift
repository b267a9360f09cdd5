// SPDX-License-Identifier: Apache-2.0
// What a configuration alone can be wrong about. The command line checks before it builds, Catalog before it deploys.

package import FunctionModel

extension FunctionConfiguration {
    /// Refuses what no gateway accepts for any image: values, and schedules with their time zones.
    ///
    /// - Throws: ``ModelError`` naming the field.
    package func validateWithSchedules() throws(ModelError) {
        try validate()
        _ = try ScheduleSet(self)
        try ScheduleSet.refuseIgnoredZones(schedules)
    }
}
