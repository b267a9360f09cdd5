// SPDX-License-Identifier: Apache-2.0
// Operations about processes and files of containers that run.

import FunctionModel

extension APIDescription {
    private static let path = APIParameter("path", "An absolute path of the container.").required
    private static let follow = APIParameter("follow", .flag, "Follow a link at the path's end.")

    static func entering(_ table: inout APIOperations) {
        table.add(
            "POST",
            APIPattern.containerExec.pattern,
            APIOperation(
                "Runs another process in a container or call that runs, and answers with its output",
                body: .json(
                    ExecRequest.keys,
                    types: ["command": APISchema.texts, "environment": APISchema.texts],
                    required: ["command"]
                ),
                [200: .bytes(type: AttachFrame.mediaType)],
                problems: [404, 409]
            )
        )
        table.add(
            "GET",
            APIPattern.containerProcesses.pattern,
            APIOperation(
                "Lists the processes of a container or call that runs",
                [200: .json(["type": "array", "items": ["type": "object"]])],
                problems: [404, 409]
            )
        )
        table.add(
            "GET",
            APIPattern.containerPath.pattern,
            APIOperation(
                "Says what is at a path of a container",
                query: [path, follow],
                [200: .json(["type": "object"])],
                problems: [404, 409]
            )
        )
        table.add(
            "GET",
            APIPattern.containerArchive.pattern,
            APIOperation(
                "Gives a file or folder of a container as tar",
                query: [path, follow, APIParameter("name", "Of the first entry; . without it.")],
                [200: .bytes(type: MediaName.tar)],
                problems: [404, 409]
            )
        )
        table.add(
            "PUT",
            APIPattern.containerArchive.pattern,
            APIOperation(
                "Writes the content of a tar to a path of a container",
                query: [path, APIParameter("from", "The entry that is written; all of them without it.")],
                body: .bytes(type: MediaName.tar),
                [204: .empty],
                problems: [404, 409]
            )
        )
    }
}
