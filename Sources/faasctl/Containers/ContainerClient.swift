// SPDX-License-Identifier: Apache-2.0
// Requests about containers. The commands of this folder send them.

import Foundation
import GatewayAPI

extension GatewayClient {
    /// The containers of the gateway, oldest first.
    ///
    /// - Parameter all: also those that do not run.
    /// - Returns: the list.
    /// - Throws: ``CommandFailure``.
    func containers(all: Bool) async throws(CommandFailure) -> [ContainerBody] {
        var request = GatewayRequest("GET", APIPath.containers)
        if all { request.query = [("all", "true")] }
        let what = "cannot list the containers"
        return try Self.decode([ContainerBody].self, from: try await require(request, what), what)
    }

    /// What is kept on the gateway's disk, also as the JSON that came.
    ///
    /// - Throws: ``CommandFailure``.
    func disk(_ what: String) async throws(CommandFailure) -> (body: DiskBody, json: Data) {
        var request = GatewayRequest("GET", APIPath.disk)
        // The gateway walks every layer before it answers.
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let json = try await require(request, what)
        return (try Self.decode(DiskBody.self, from: json, what), json)
    }

    /// One container; nil when no container has the name.
    ///
    /// - Throws: ``CommandFailure``.
    func container(_ name: String, _ what: String) async throws(CommandFailure) -> ContainerBody? {
        let answer = try await exchange(GatewayRequest("GET", APIPattern.container.path(name)))
        if answer.isUnknownContainer { return nil }
        guard answer.head.isSuccess else { throw failure(answer, what) }
        return try Self.decode(ContainerBody.self, from: answer.body, what)
    }

    /// Does something to a container.
    ///
    /// - Parameters:
    ///   - pattern: the path of what is done.
    ///   - name: of the container.
    ///   - query: how.
    ///   - method: of HTTP.
    ///   - what: for a failure.
    /// - Returns: the answer's body; nil when no container has the name.
    /// - Throws: ``CommandFailure``.
    func act(
        _ pattern: APIPattern,
        on name: String,
        query: [(name: String, value: String)] = [],
        method: String = "POST",
        _ what: String
    ) async throws(CommandFailure) -> Data? {
        var request = GatewayRequest(method, pattern.path(name))
        request.query = query
        // Stopping waits for the grace, waiting for the end.
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let answer = try await exchange(request)
        if answer.isUnknownContainer { return nil }
        guard answer.head.isSuccess else { throw failure(answer, what) }
        return answer.body
    }

    /// As ``act(_:on:query:method:_:)`` for a name that must be a container's.
    @discardableResult
    func require(
        _ pattern: APIPattern,
        on name: String,
        query: [(name: String, value: String)] = [],
        method: String = "POST",
        _ what: String
    ) async throws(CommandFailure) -> Data {
        guard let body = try await act(pattern, on: name, query: query, method: method, what) else {
            throw CommandFailure(what, why: "No such container: \(name)")
        }
        return body
    }
}

extension GatewayResponse {
    /// Whether no container has the name.
    var isUnknownContainer: Bool { head.status == 404 && problem?.code == ProblemBody.unknownContainer }
}
