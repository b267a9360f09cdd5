// SPDX-License-Identifier: Apache-2.0
// Operations about what runs now, runs without a deploy, and tokens.

import FunctionModel

extension APIDescription {
    private static let signal = APIParameter("signal", .number(1...64), "A signal's number.")

    static func machine(_ table: inout APIOperations) {
        attached(&table)
        detached(&table)
        runs(&table)
        tokens(&table)
    }

    private static func attached(_ table: inout APIOperations) {
        table.add(
            "POST",
            APIPattern.containerInput.pattern,
            APIOperation(
                "Sends input to an attached container",
                query: [APIParameter("end", .flag, "Close its input behind that.")],
                body: .bytes(type: "application/octet-stream"),
                [204: .empty],
                problems: [404, 409]
            )
        )
        table.add(
            "POST",
            APIPattern.containerSize.pattern,
            APIOperation(
                "Changes the size of an attached container's terminal",
                query: [
                    APIParameter("rows", .number(0...65535), "Lines.").required,
                    APIParameter("columns", .number(0...65535), "Characters in a line.").required,
                ],
                [204: .empty],
                problems: [404]
            )
        )
        table.add(
            "POST",
            APIPattern.containerSignal.pattern,
            APIOperation(
                "Sends a signal to an attached container",
                query: [APIParameter("number", .number(1...64), "The signal's number.").required],
                [204: .empty],
                problems: [404]
            )
        )
    }

    private static func detached(_ table: inout APIOperations) {
        table.add(
            "POST",
            APIPattern.containerDetach.pattern,
            APIOperation(
                "Lets a container or process run on when its attached caller disconnects",
                [204: .empty],
                problems: [404]
            )
        )
    }

    private static func runs(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.running,
            APIOperation(
                "Lists what runs now",
                query: [function, namespace],
                [200: .json(APISchema.list(APISchema.reference("Running")))]
            )
        )
        table.add(
            "POST",
            APIPattern.runningStop.pattern,
            APIOperation(
                "Stops a call or a container in order",
                query: [signal, APIParameter("grace", "In place of the function's, such as 5s.")],
                [200: .json(ended)],
                problems: [404, 409]
            )
        )
        table.add(
            "POST",
            APIPattern.runningKill.pattern,
            APIOperation(
                "Sends a signal to a call or a container",
                query: [signal],
                [200: .json(ended)],
                problems: [404, 409]
            )
        )
        table.add(
            "POST",
            APIPath.run,
            APIOperation(
                "Runs a command or code in a container of its own",
                body: .json(RunRequest.keys, types: [:], required: []),
                [200: .json(["type": "object"])],
                problems: [404, 409, 502]
            )
        )
    }

    private static func tokens(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.tokens,
            APIOperation(
                "Lists tokens, without the tokens themselves",
                [200: .json(APISchema.list(APISchema.reference("Token")))]
            )
        )
        table.add(
            "POST",
            APIPath.tokens,
            APIOperation(
                "Makes a token, which only this answer has",
                body: .json(
                    AccessTokenCreation.keys,
                    types: [
                        "name": APISchema.text, "functions": APISchema.texts,
                        "namespaces": APISchema.texts, "expires": APISchema.text,
                        "scopes": APISchema.list([
                            "enum": .list(TokenScope.allCases.map { .text($0.rawValue) })
                        ]),
                    ],
                    required: []
                ),
                [201: .json(APISchema.reference("Token"))],
                problems: [409]
            )
        )
        table.add(
            "DELETE",
            APIPattern.token.pattern,
            APIOperation("Revokes a token", [204: .empty], problems: [404])
        )
    }

    private static let ended = APISchema.answer(
        ["id": APISchema.text, "ended": APISchema.flag],
        required: ["id", "ended"]
    )
}
