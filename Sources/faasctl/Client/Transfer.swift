// SPDX-License-Identifier: Apache-2.0
// Pulls, pushes and deploys through the gateway: one request, progress line by line. Commands and Deployer use it.

import Foundation
import GatewayAPI

/// Requests that may transfer images between the gateway and registries.
struct Transfer {
    let client: GatewayClient
    let global: GlobalOptions

    /// Pulls an image.
    ///
    /// - Parameters:
    ///   - reference: as the user wrote it.
    ///   - platform: of an index; nil takes the gateway's.
    ///   - onlyMissing: does nothing when the gateway has the image.
    ///   - what: begins the message when it fails.
    /// - Returns: the name and digest.
    /// - Throws: ``CommandFailure`` with the registry's own code and message.
    @discardableResult
    func pull(
        _ reference: String,
        platform: String? = nil,
        onlyMissing: Bool = false,
        _ what: String
    ) async throws(CommandFailure) -> ImageBody.Named {
        var request = GatewayRequest("POST", APIPath.imagePulls)
        request.query = [("reference", reference)]
        if let platform { request.query.append(("platform", platform)) }
        if onlyMissing { request.query.append(("missing", "true")) }
        return try await run(&request, images: [reference], verb: "pulling", what)
    }

    /// Pushes an image, under another name if one is given.
    func push(_ reference: String, target: String?, _ what: String) async throws(CommandFailure)
        -> ImageBody.Named
    {
        var request = GatewayRequest("POST", APIPath.imagePushes)
        request.query = [("reference", reference)]
        if let target { request.query.append(("target", target)) }
        return try await run(&request, images: [target ?? reference], verb: "pushing", what)
    }

    /// Creates or updates a function; the gateway pulls its image when it lacks it.
    ///
    /// - Parameters:
    ///   - deployment: the function.
    ///   - what: begins the message when it fails.
    /// - Returns: the function's status.
    /// - Throws: ``CommandFailure`` with the gateway's or the registry's own message.
    func deploy(_ deployment: FunctionDeployment, _ what: String) async throws(CommandFailure)
        -> FunctionStatusBody
    {
        var request = GatewayRequest("POST", APIPath.deployments)
        try request.setJSON(deployment)
        return try await run(&request, images: [deployment.image], verb: "pulling", what)
    }

    private func run<Value: Codable & Sendable>(
        _ request: inout GatewayRequest,
        images: [String],
        verb: String,
        _ what: String
    ) async throws(CommandFailure) -> Value {
        try await client.addCredentials(for: images, to: &request, global, what)
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        var splitter = ResponseLineSplitter()
        var screen = TransferScreen(verb: verb, isQuiet: global.quiet)
        var last: ProgressEnd<Value>?
        var refusal = Data()
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            for line in splitter.append(bytes) { last = try Self.read(line, &screen, what) ?? last }
        }
        screen.end()
        guard head.isSuccess else { throw client.failure(GatewayResponse(head: head, body: refusal), what) }
        if let rest = splitter.finish() { last = try Self.read(rest, &screen, what) ?? last }
        if let reason = last?.error { throw CommandFailure(what, why: reason) }
        guard let ended = last?.result else {
            throw CommandFailure(what, why: "the gateway ended it without a result", next: "see its log")
        }
        return ended
    }

    /// Prints an event; returns the last line of the answer.
    private static func read<Value: Codable & Sendable>(
        _ line: Data,
        _ screen: inout TransferScreen,
        _ what: String
    ) throws(CommandFailure) -> ProgressEnd<Value>? {
        if let event = try? JSONDecoder().decode(TransferLine.self, from: line) {
            screen.show(event)
            return nil
        }
        return try GatewayClient.decode(ProgressEnd<Value>.self, from: line, what)
    }
}
