// SPDX-License-Identifier: Apache-2.0
// `faasctl schedules`: lists schedules with their next run.

import ArgumentParser
import GatewayAPI

struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules",
        abstract: "Show the schedules of all functions."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    func run() async throws {
        let what = "cannot read the schedules"
        var request = GatewayRequest("GET", APIPath.schedules)
        if let name = namespace.name { request.query = [("namespace", name)] }
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            var table = Table("FUNCTION", "SCHEDULE", "TIME ZONE", "NEXT", "LAST")
            for schedule in try GatewayClient.decode([ScheduleBody].self, from: body, what) {
                table.add(
                    schedule.qualifiedFunction,
                    schedule.cron,
                    schedule.timezone,
                    Moment.marked(schedule.nextDue),
                    Moment.marked(schedule.lastRun)
                )
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}
