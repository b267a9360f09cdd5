// SPDX-License-Identifier: Apache-2.0
// HTTP as any client speaks it: the calls of the tests.

import Foundation
import FoundationNetworking

/// One answer.
struct Answer: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: Data

    var text: String { String(decoding: body, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

extension GatewayUnderTest {
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 64
        configuration.timeoutIntervalForRequest = 120
        return URLSession(configuration: configuration)
    }()

    /// Calls a path and reads the whole answer.
    func call(
        _ path: String,
        method: String = "GET",
        body: Data? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        guard let url = URL(string: address + path) else { throw HarnessError("no URL: \(path)") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body
        // FoundationNetworking takes trailers for a second head and stops the program.
        request.setValue("identity", forHTTPHeaderField: "TE")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await Self.session.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw HarnessError("no HTTP answer") }
        var fields: [String: String] = [:]
        for (name, value) in response.allHeaderFields { fields["\(name)".lowercased()] = "\(value)" }
        return Answer(status: response.statusCode, headers: fields, body: data)
    }

    /// Makes many calls, some at once, and gives all answers.
    func calls(_ count: Int, atOnce: Int, _ path: String) async throws -> [Answer] {
        try await withThrowingTaskGroup(of: Answer.self) { tasks in
            var answers: [Answer] = []
            for index in 0..<count {
                if index >= atOnce, let answer = try await tasks.next() { answers.append(answer) }
                tasks.addTask { try await self.call(path) }
            }
            for try await answer in tasks { answers.append(answer) }
            return answers
        }
    }

    /// The records of a function, newest first, once there are at least `count`: they are written in batches.
    func invocations(_ function: String, atLeast count: Int = 1) async throws -> [InvocationRecord] {
        for _ in 0..<200 {
            let text = try await require("invocations", function, "--output", "json")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let records = try decoder.decode([InvocationRecord].self, from: Data(text.utf8))
            if records.count >= count { return records }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HarnessError("fewer than \(count) invocations of \(function) were recorded")
    }

    /// The record of one call.
    func invocation(_ function: String, id: String) async throws -> InvocationRecord {
        for _ in 0..<200 {
            if let record = try await invocations(function).first(where: { $0.id == id }) { return record }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HarnessError("the call \(id) of \(function) was not recorded")
    }
}

/// An invocation as scripts read it (JSON keys in snake case).
struct InvocationRecord: Decodable, Sendable {
    var id: String
    var function: String
    var revision: Int
    var trigger: String
    var startedAt: String
    var status: Int
    var outcome: String
    var exitCode: Int?
    var signal: Int?
    var bytesIn: Int
    var bytesOut: Int
    var fresh: Bool
    var limitsReached: [String]?
}
