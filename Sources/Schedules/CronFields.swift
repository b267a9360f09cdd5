// SPDX-License-Identifier: Apache-2.0
// The fields of a cron expression against the calendar, without time zones. CronExpression adds those.

/// Second to day-of-week; times are seconds since 1970 of a clock without zone.
struct CronFields: Hashable, Sendable {
    var second: CronField
    var minute: CronField
    var hour: CronField
    var dayOfMonth: CronField
    var month: CronField
    var dayOfWeek: CronField

    /// The 29th of February comes back after eight years at the latest (1896 to 1904); one more for the start.
    private static let monthsMax = 9 * 12

    /// Hour or minute is a wildcard: such jobs follow the clock through its changes (Vixie cron's rule).
    var followsClock: Bool { hour.isUnrestricted || minute.isUnrestricted }

    /// The next matching second after `time`; nil when there is none within nine years, that is never.
    func next(after time: Int) -> Int? {
        let (days, second) = CivilDay.divided(time + 1, by: 86_400)
        var day = CivilDay(daysSince1970: days)
        var firstSecond = second
        for _ in 0...Self.monthsMax {
            if month.contains(day.month) {
                let last = day.daysInMonth
                while day.day <= last {
                    if matches(day, last: last), let second = next(from: firstSecond) {
                        return day.daysSince1970 * 86_400 + second
                    }
                    day.day += 1
                    firstSecond = 0
                }
            }
            day = CivilDay(
                year: day.month == 12 ? day.year + 1 : day.year,
                month: day.month == 12 ? 1 : day.month + 1,
                day: 1
            )
            firstSecond = 0
        }
        return nil
    }

    /// Both day fields restricted: either suffices (Vixie cron's rule).
    private func matches(_ day: CivilDay, last: Int) -> Bool {
        let byMonth = dayOfMonth.contains(day.day) || (dayOfMonth.hasLastDay && day.day == last)
        let byWeek = dayOfWeek.contains(day.weekday)
        if dayOfMonth.isUnrestricted || dayOfWeek.isUnrestricted { return byMonth && byWeek }
        return byMonth || byWeek
    }

    /// The first matching second of a day that is not before `start`.
    private func next(from start: Int) -> Int? {
        var hourFrom = start / 3600
        var minuteFrom = start / 60 % 60
        var secondFrom = start % 60
        while let hour = hour.first(from: hourFrom) {
            if hour > hourFrom { (minuteFrom, secondFrom) = (0, 0) }
            while let minute = minute.first(from: minuteFrom) {
                if minute > minuteFrom { secondFrom = 0 }
                if let second = second.first(from: secondFrom) { return hour * 3600 + minute * 60 + second }
                (minuteFrom, secondFrom) = (minute + 1, 0)
            }
            (hourFrom, minuteFrom, secondFrom) = (hour + 1, 0, 0)
        }
        return nil
    }
}
