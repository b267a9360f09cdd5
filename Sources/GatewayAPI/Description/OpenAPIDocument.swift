// SPDX-License-Identifier: Apache-2.0
// The description of /v1 in the form of OpenAPI 3.1.

/// Makes the document.
package enum OpenAPIDocument {
    /// The document as JSON text.
    ///
    /// - Parameter version: of the gateway.
    /// - Returns: the text, on one line.
    package static func text(version: String) -> String {
        let paths = APIDescription.operations.all.sorted { $0.key < $1.key }.map { pattern, operations in
            JSONValue.Member(path(pattern), item(pattern, operations))
        }
        let document: JSONValue = [
            "openapi": "3.1.0",
            "info": [
                "title": "Mayfly", "version": .text(version),
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "security": [["basic": []], ["token": []]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "basic": ["type": "http", "scheme": "basic"],
                    "token": ["type": "http", "scheme": "bearer"],
                ],
                "schemas": APISchema.shared,
                "responses": [
                    "Problem": [
                        "description": "What was wrong (RFC 9457)",
                        "content": ["application/problem+json": ["schema": APISchema.reference("Problem")]],
                    ]
                ],
            ],
        ]
        return document.json + "\n"
    }

    /// `/v1/queue/:id` as `/v1/queue/{id}`; the rest of a path is an image's name.
    static func path(_ pattern: String) -> String {
        pattern.split(separator: "/").map { segment in
            segment == "**"
                ? "/{reference}" : segment.first == ":" ? "/{\(segment.dropFirst())}" : "/\(segment)"
        }.joined()
    }

    private static func item(_ pattern: String, _ operations: [String: APIOperation]) -> JSONValue {
        .object(
            operations.sorted { $0.key < $1.key }.map { method, operation in
                JSONValue.Member(method.lowercased(), describe(pattern, method, operation))
            }
        )
    }

    private static func describe(_ pattern: String, _ method: String, _ operation: APIOperation) -> JSONValue
    {
        let words = pattern.replacing("**", with: "reference").split { "/:-".contains($0) }.dropFirst()
        let name = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        var described: JSONValue = [
            "operationId": .text(method.lowercased() + name), "summary": .text(operation.summary),
        ]
        let parameters = variables(pattern) + operation.query.map(parameter)
        if !parameters.isEmpty { described = described.adding(["parameters": .list(parameters)]) }
        if let body = operation.body { described = described.adding(["requestBody": request(body)]) }
        return described.adding(["responses": responses(operation)])
    }

    private static func variables(_ pattern: String) -> [JSONValue] {
        pattern.split(separator: "/").compactMap { segment in
            guard segment == "**" || segment.first == ":" else { return nil }
            let name = segment == "**" ? "reference" : String(segment.dropFirst())
            return [
                "name": .text(name), "in": "path", "required": true,
                "schema": ["type": "string", "minLength": 1],
            ]
        }
    }

    private static func parameter(_ parameter: APIParameter) -> JSONValue {
        let single: JSONValue =
            switch parameter.kind {
            case .text: APISchema.text
            case .flag: APISchema.flag
            case .number(let range):
                [
                    "type": "integer", "minimum": .number(range.lowerBound),
                    "maximum": .number(range.upperBound),
                ]
            case .time: APISchema.time
            }
        return [
            "name": .text(parameter.name), "in": "query", "description": .text(parameter.meaning),
            "required": .flag(parameter.isRequired),
            "schema": parameter.isRepeatable ? APISchema.list(single) : single,
        ]
    }

    private static func request(_ body: APIRequestBody) -> JSONValue {
        switch body {
        case .json(let keys, let types, let required):
            content("application/json", APISchema.request(keys, types, required: required), required: true)
        case .optionalJSON(let keys, let types):
            content("application/json", APISchema.request(keys, types), required: false)
        case .bytes(let type): content(type, nil, required: true)
        }
    }

    private static func content(_ type: String, _ schema: JSONValue?, required: Bool) -> JSONValue {
        let media = JSONValue.object([.init(type, schema.map { ["schema": $0] } ?? [:])])
        return ["required": .flag(required), "content": media]
    }

    private static func responses(_ operation: APIOperation) -> JSONValue {
        let answers = operation.answers.sorted { $0.key < $1.key }.map { status, answer in
            JSONValue.Member(String(status), described(answer))
        }
        let hasBody = operation.body != nil
        let statuses = Set(
            APIOperation.commonProblems + operation.problems + (hasBody ? APIOperation.bodyProblems : [])
        )
        let problems = statuses.sorted().map { status in
            JSONValue.Member(String(status), ["$ref": "#/components/responses/Problem"])
        }
        return .object(answers + problems)
    }

    private static func described(_ answer: APIAnswer) -> JSONValue {
        switch answer {
        case .empty: ["description": "Done"]
        case .json(let schema):
            ["description": "The result", "content": ["application/json": ["schema": schema]]]
        case .bytes(let type):
            ["description": "The result", "content": .object([.init(type, [:])])]
        }
    }
}
