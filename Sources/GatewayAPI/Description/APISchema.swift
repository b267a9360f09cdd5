// SPDX-License-Identifier: Apache-2.0
// Schemas (JSON Schema 2020-12) of the values that several operations answer or take.

import FunctionModel

/// Schemas by name; the document holds them once.
enum APISchema {
    static let text: JSONValue = ["type": "string"]
    static let flag: JSONValue = ["type": "boolean"]
    static let count: JSONValue = ["type": "integer", "minimum": 0]
    static let figure: JSONValue = ["type": "number"]
    static let time: JSONValue = ["type": "string", "format": "date-time"]
    static let digest: JSONValue = ["type": "string", "pattern": "^sha(256|512):[0-9a-f]+$"]
    static let texts: JSONValue = list(text)
    static let map: JSONValue = ["type": "object", "additionalProperties": ["type": "string"]]

    static func list(_ element: JSONValue) -> JSONValue { ["type": "array", "items": element] }

    static func reference(_ name: String) -> JSONValue { ["$ref": .text("#/components/schemas/\(name)")] }

    /// An answer: further members may come with later versions.
    static func answer(_ properties: JSONValue, required: [String]) -> JSONValue {
        [
            "type": "object", "properties": properties,
            "required": .list(required.map { .text($0) }),
        ]
    }

    /// A request: what it does not list is refused.
    static func request(_ keys: KeyTree, _ types: [String: JSONValue], required: [String] = []) -> JSONValue {
        let members = keys.members.map { member in
            JSONValue.Member(member.name, types[member.name] ?? schema(member.tree))
        }
        let object: JSONValue = [
            "type": "object", "properties": .object(members), "additionalProperties": false,
        ]
        return required.isEmpty
            ? object : object.adding(["required": .list(required.map { .text($0) })])
    }

    private static func schema(_ tree: KeyTree) -> JSONValue {
        switch tree {
        case .value: [:]
        case .map: map
        case .list(let element): list(schema(element))
        case .object: request(tree, [:])
        }
    }

    /// The shared schemas, by name.
    static let shared: JSONValue = [
        "Problem": problem, "Alias": alias, "FunctionStatus": functionStatus, "Invocation": invocation,
        "Call": call, "Schedule": schedule, "Token": token, "Running": running, "Named": named,
    ]

    private static let integer: JSONValue = ["type": "integer"]
    private static let outcomes: [JSONValue] = Outcome.allCases.map { .text($0.rawValue) }
    private static let triggers: [JSONValue] = Trigger.allCases.map { .text($0.rawValue) }
    private static let outcome: JSONValue = ["enum": .list(outcomes)]
    private static let trigger: JSONValue = ["enum": .list(triggers)]

    private static let problem: JSONValue = answer(
        [
            "type": text, "title": text, "status": integer, "code": text, "detail": text,
            "exit_code": integer, "signal": integer, "call_id": text,
        ],
        required: ["type", "title", "status", "code", "detail", "call_id"]
    )

    private static let aliasTarget: JSONValue = answer(
        ["revision": count, "weight": figure],
        required: ["revision", "weight"]
    )

    private static let alias: JSONValue = answer(
        ["name": text, "revisions": list(aliasTarget)],
        required: ["name", "revisions"]
    )

    private static let functionStatus: JSONValue = answer(
        [
            "name": text, "namespace": text, "image": text, "labels": map, "annotations": map,
            "invocationCount": figure, "replicas": count, "availableReplicas": count, "createdAt": time,
            "mayfly": ["type": "object"],
        ],
        required: ["name", "image"]
    )

    private static let invocation: JSONValue = answer(
        [
            "id": text, "function": text, "namespace": text, "revision": count, "trigger": trigger,
            "started_at": time, "queue_ms": figure, "start_ms": figure, "run_ms": figure, "total_ms": figure,
            "status": count, "outcome": outcome, "exit_code": integer, "signal": integer, "bytes_in": count,
            "bytes_out": count, "cpu_ms": figure, "peak_memory_bytes": count, "limits_reached": texts,
            "fresh": flag, "warm": flag, "start": text,
        ],
        required: [
            "id", "function", "namespace", "revision", "trigger", "started_at", "total_ms", "status",
            "outcome",
            "fresh", "warm",
        ]
    )

    private static let call: JSONValue = answer(
        [
            "id": text, "function": text, "namespace": text, "trigger": text, "state": text,
            "attempts": count,
            "accepted_at": time, "started_at": time, "finished_at": time, "status": integer, "outcome": text,
            "record": reference("Invocation"),
        ],
        required: ["id", "function", "trigger", "state", "attempts"]
    )

    private static let schedule: JSONValue = answer(
        [
            "function": text, "namespace": text, "index": count, "cron": text, "timezone": text,
            "overlap": text, "missed": text, "next_due": time, "last_run": time,
        ],
        required: ["function", "index", "cron", "timezone"]
    )

    private static let token: JSONValue = answer(
        [
            "id": text, "token": text, "name": text, "scopes": texts, "functions": texts, "namespaces": texts,
            "created_at": time, "expires_at": time, "last_used_at": time,
        ],
        required: ["id", "name", "scopes", "created_at"]
    )

    private static let running: JSONValue = answer(
        [
            "kind": text, "id": text, "function": text, "image": text, "container": text, "started_at": time,
            "age_ms": figure, "state": text, "cpu_ms": figure, "memory_bytes": count, "processes": count,
            "ports": list(["type": "object"]),
        ],
        required: ["kind", "id", "image", "container", "started_at", "state"]
    )

    private static let named: JSONValue = answer(
        ["reference": text, "digest": digest],
        required: ["reference", "digest"]
    )
}
