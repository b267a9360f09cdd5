// SPDX-License-Identifier: Apache-2.0
// Operations about functions, their versions, schedules, calls and the queue.

import FunctionModel

extension APIDescription {
    static func functions(_ table: inout APIOperations) {
        deployments(&table)
        versions(&table)
    }

    private static func deployments(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.description,
            APIOperation("This description", [200: .json(["type": "object"])])
        )
        table.add(
            "POST",
            APIPath.deployments,
            APIOperation(
                "Deploys a function, and pulls its image where it is missing",
                query: [namespace],
                body: .json(
                    FunctionDeployment.keys,
                    types: [
                        "service": APISchema.text, "image": APISchema.text, "namespace": APISchema.text,
                        "envProcess": APISchema.text, "envVars": APISchema.map, "secrets": APISchema.texts,
                        "labels": APISchema.map, "annotations": APISchema.map,
                        "constraints": APISchema.texts, "readOnlyRootFilesystem": APISchema.flag,
                    ],
                    required: ["service", "image"]
                ),
                [200: .bytes(type: MediaName.lines)],
                problems: [404, 409, 502, 507]
            )
        )
        table.add(
            "POST",
            APIPattern.rollback.pattern,
            APIOperation(
                "Goes back to an earlier revision",
                query: [namespace, APIParameter("revision", .number(1...Int(Int32.max)), "Its number.")],
                body: .optionalJSON(RollbackBody.keys, types: ["revision": APISchema.count]),
                [200: .json(APISchema.reference("FunctionStatus"))],
                problems: [404, 409]
            )
        )
    }

    private static func versions(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPattern.aliases.pattern,
            APIOperation(
                "Lists the aliases of a function",
                query: [namespace],
                [200: .json(APISchema.list(APISchema.reference("Alias")))],
                problems: functionProblems
            )
        )
        table.add(
            "GET",
            APIPattern.alias.pattern,
            APIOperation(
                "Shows an alias",
                query: [namespace],
                [200: .json(APISchema.reference("Alias"))],
                problems: functionProblems
            )
        )
        table.add(
            "PUT",
            APIPattern.alias.pattern,
            APIOperation(
                "Makes an alias lead to revisions, or changes their shares",
                query: [namespace],
                body: .json(
                    AliasChange.keys,
                    types: ["revisions": APISchema.list(aliasTarget)],
                    required: ["revisions"]
                ),
                [200: .json(APISchema.reference("Alias"))],
                problems: [404, 409]
            )
        )
        table.add(
            "DELETE",
            APIPattern.alias.pattern,
            APIOperation(
                "Removes an alias",
                query: [namespace],
                [204: .empty],
                problems: functionProblems
            )
        )
        table.add(
            "GET",
            APIPath.schedules,
            APIOperation(
                "Lists schedules with their next due times",
                query: [function, namespace],
                [200: .json(APISchema.list(APISchema.reference("Schedule")))],
                problems: functionProblems
            )
        )
    }

    private static let aliasTarget: JSONValue = [
        "type": "object",
        "properties": ["revision": ["type": "integer", "minimum": 1], "weight": APISchema.figure],
        "required": ["revision"], "additionalProperties": false,
    ]

    static func calls(_ table: inout APIOperations) {
        records(&table)
        queue(&table)
    }

    private static func records(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.invocations,
            APIOperation(
                "Lists records of calls, newest first",
                query: [
                    function, namespace, APIParameter("failed", .flag, "Only those that did not end well."),
                    APIParameter("since", .time, "Only those that started then or later."),
                    APIParameter("before", "A time, or the last id of the page before."),
                    APIParameter("limit", .number(1...10_000), "Records at most."),
                ],
                [200: .json(APISchema.list(APISchema.reference("Invocation")))],
                problems: functionProblems
            )
        )
        table.add(
            "GET",
            APIPattern.call.pattern,
            APIOperation("Shows a call", [200: .json(APISchema.reference("Call"))], problems: [404])
        )
        table.add(
            "GET",
            APIPattern.callOutput.pattern,
            APIOperation(
                "Gives what an asynchronous call's last attempt answered",
                [200: .bytes(type: "*/*")],
                problems: [404]
            )
        )
    }

    private static func queue(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.queue,
            APIOperation(
                "Lists asynchronous calls, newest first",
                query: [
                    function, namespace, APIParameter("state", "One or several states, with commas."),
                    APIParameter("before", "The last id of the page before."),
                    APIParameter("limit", .number(1...10_000), "Calls at most."),
                ],
                [200: .json(APISchema.list(APISchema.reference("Call")))]
            )
        )
        table.add(
            "DELETE",
            APIPath.queue,
            APIOperation(
                "Removes asynchronous calls: dead letters, unless states are named",
                query: [function, namespace, APIParameter("state", "One or several states, with commas.")],
                [200: .json(APISchema.answer(["purged": APISchema.count], required: ["purged"]))]
            )
        )
        table.add(
            "GET",
            APIPattern.queuedCall.pattern,
            APIOperation(
                "Shows an asynchronous call",
                [200: .json(APISchema.reference("Call"))],
                problems: [404]
            )
        )
        table.add(
            "DELETE",
            APIPattern.queuedCall.pattern,
            APIOperation(
                "Cancels an asynchronous call",
                [200: .json(APISchema.reference("Call"))],
                problems: [404, 409]
            )
        )
        table.add(
            "POST",
            APIPattern.queuedCallRetry.pattern,
            APIOperation(
                "Queues a failed or cancelled call again",
                [200: .json(APISchema.reference("Call"))],
                problems: [404, 409]
            )
        )
    }
}
