// SPDX-License-Identifier: Apache-2.0
// Operations about containers by name, volumes and networks.

import FunctionModel

extension APIDescription {
    static func containers(_ table: inout APIOperations) {
        life(&table)
        endings(&table)
        streams(&table)
        layers(&table)
        volumes(&table)
        networks(&table)
    }

    private static let label = APIParameter("label", "K or K=V.").repeatable
    private static let container = APIAnswer.json(["type": "object"])
    private static let list = APIAnswer.json(APISchema.list(["type": "object"]))
    private static let signalName = APIParameter("signal", "A signal's number or name.")
    private static let grace = APIParameter("grace", "Seconds in place of its own; -1 for no bound.")

    private static func life(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.containers,
            APIOperation(
                "Lists containers",
                query: [APIParameter("all", .flag, "Also those that do not run."), label],
                [200: list]
            )
        )
        table.add(
            "POST",
            APIPath.containers,
            APIOperation(
                "Makes a container",
                query: [
                    APIParameter("start", .flag, "Start it, too."),
                    APIParameter("attach", .flag, "Start it, and answer with its output."),
                ],
                body: .json(
                    ContainerRequest.keys,
                    types: ["image": APISchema.text, "command": APISchema.texts],
                    required: ["image"]
                ),
                [200: .bytes(type: AttachFrame.mediaType), 201: container],
                problems: [404, 409]
            )
        )
        table.add(
            "GET",
            APIPattern.container.pattern,
            APIOperation("Shows a container", [200: container], problems: [404])
        )
        table.add(
            "DELETE",
            APIPattern.container.pattern,
            APIOperation(
                "Removes a container",
                query: [
                    APIParameter("force", .flag, "End it first."),
                    APIParameter("volumes", .flag, "Its own volumes: it has none."),
                ],
                [204: .empty],
                problems: [404, 409]
            )
        )
        let name = APIParameter("name", "The new name.").required
        let changes: [(APIPattern, String, [APIParameter])] = [
            (.containerStart, "Starts a container", []), (.containerPause, "Pauses a container", []),
            (.containerUnpause, "Lets a paused container go on", []),
            (.containerRename, "Renames a container", [name]),
        ]
        for (pattern, summary, query) in changes {
            let operation = APIOperation(summary, query: query, [200: container], problems: [404, 409])
            table.add("POST", pattern.pattern, operation)
        }
    }

    private static func endings(_ table: inout APIOperations) {
        let endings: [(APIPattern, String, [APIParameter])] = [
            (.containerStop, "Stops a container in order", [grace, signalName]),
            (.containerRestart, "Stops a container and starts it", [grace, signalName]),
            (.containerKill, "Sends a signal to a container", [signalName]),
        ]
        for (pattern, summary, query) in endings {
            let operation = APIOperation(summary, query: query, [200: container], problems: [404, 409])
            table.add("POST", pattern.pattern, operation)
        }
        table.add(
            "POST",
            APIPattern.containerWait.pattern,
            APIOperation(
                "Waits for a container's end",
                query: [APIParameter("condition", "not-running, next-exit or removed.")],
                [200: container],
                problems: [404]
            )
        )
    }

    private static func streams(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPattern.containerLogs.pattern,
            APIOperation(
                "Gives a container's log",
                query: [
                    APIParameter("follow", .flag, "New lines, too."),
                    APIParameter("since", "RFC 3339, or seconds since 1970."),
                    APIParameter("until", "RFC 3339, or seconds since 1970."),
                    APIParameter("tail", "The last lines; all for all of them."),
                ],
                [200: .bytes(type: "*/*")],
                problems: [404]
            )
        )
        table.add(
            "POST",
            APIPattern.containerAttach.pattern,
            APIOperation(
                "Answers with a container's output",
                query: [APIParameter("start", .flag, "Start it, too.")],
                [200: .bytes(type: AttachFrame.mediaType)],
                problems: [404, 409]
            )
        )
        table.add(
            "GET",
            APIPath.containerEvents,
            APIOperation("Tells what happens to containers", [200: .bytes(type: MediaName.lines)])
        )
    }

    private static func layers(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.disk,
            APIOperation("Shows what images, containers and volumes take of the disk", [200: container])
        )
        table.add(
            "GET",
            APIPattern.containerChanges.pattern,
            APIOperation("Lists what a container changed of its image", [200: list], problems: [404, 409])
        )
        table.add(
            "POST",
            APIPattern.containerCommit.pattern,
            APIOperation(
                "Makes an image of a container",
                query: [
                    APIParameter("reference", "The image's name."),
                    APIParameter("message", "For its history."),
                    APIParameter("author", "Who made it."),
                    APIParameter("change", "A Dockerfile instruction.").repeatable,
                    APIParameter("pause", .flag, "Pause it meanwhile; true without it."),
                ],
                [201: container],
                problems: [404, 409]
            )
        )
    }

    private static func volumes(_ table: inout APIOperations) {
        table.add("GET", APIPath.volumes, APIOperation("Lists volumes", query: [label], [200: list]))
        table.add(
            "POST",
            APIPath.volumes,
            APIOperation(
                "Makes a volume",
                body: .json(
                    VolumeRequest.keys,
                    types: ["name": APISchema.text, "labels": APISchema.map],
                    required: []
                ),
                [201: container],
                problems: [409]
            )
        )
        table.add(
            "GET",
            APIPattern.volume.pattern,
            APIOperation("Shows a volume", [200: container], problems: [404])
        )
        table.add(
            "DELETE",
            APIPattern.volume.pattern,
            APIOperation(
                "Removes a volume",
                query: [APIParameter("force", .flag, "An unknown one is no error.")],
                [204: .empty],
                problems: [404, 409]
            )
        )
    }

    private static func networks(_ table: inout APIOperations) {
        table.add("GET", APIPath.networks, APIOperation("Lists networks", query: [label], [200: list]))
        table.add(
            "POST",
            APIPath.networks,
            APIOperation(
                "Makes a network",
                body: .json(
                    NetworkRequest.keys,
                    types: ["name": APISchema.text, "labels": APISchema.map],
                    required: ["name"]
                ),
                [201: container],
                problems: [409]
            )
        )
        table.add(
            "GET",
            APIPattern.network.pattern,
            APIOperation("Shows a network", [200: container], problems: [404])
        )
        table.add(
            "DELETE",
            APIPattern.network.pattern,
            APIOperation("Removes a network that no container is in", [204: .empty], problems: [404, 409])
        )
        memberships(&table)
    }

    private static func memberships(_ table: inout APIOperations) {
        table.add(
            "POST",
            APIPattern.networkConnect.pattern,
            APIOperation(
                "Puts a container into a network",
                body: .json(
                    ConnectRequest.keys,
                    types: ["container": APISchema.text, "aliases": APISchema.texts],
                    required: ["container"]
                ),
                [204: .empty],
                problems: [404, 409]
            )
        )
        table.add(
            "POST",
            APIPattern.networkDisconnect.pattern,
            APIOperation(
                "Takes a container out of a network",
                body: .json(
                    DisconnectRequest.keys,
                    types: ["container": APISchema.text, "force": ["type": "boolean"]],
                    required: ["container"]
                ),
                [204: .empty],
                problems: [404, 409]
            )
        )
    }
}
