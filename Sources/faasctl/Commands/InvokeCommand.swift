// SPDX-License-Identifier: Apache-2.0
// `faasctl invoke NAME`: calls a function through the gateway and writes its answer to standard output.

import ArgumentParser
import Foundation
import GatewayAPI

struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Call a function and print its response.",
        discussion: """
            Exits 0 when the answer's status is 2xx, else 1. With --exit-code it exits as the function did: its \
            exit code, 128 plus the signal that ended it, or 124 after a timeout.

            Examples:

                faasctl invoke hello -d 'some text'
                faasctl invoke hello:prod -X GET --path /items/1
                echo '{}' | faasctl invoke report -d - --async
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(
        help: "The function, or one version of it: NAME:REVISION or NAME:ALIAS.",
        completion: .functions,
        transform: NameArgument.called
    )
    var name: String

    @Option(name: .shortAndLong, help: "Request body: text, @FILE, or - for standard input.")
    var data: String?

    @Option(name: [.customShort("X"), .long], help: "HTTP method.")
    var method = "POST"

    @Option(
        name: [.customShort("H"), .long],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Request header; may be repeated.", valueName: "K: V")
    )
    var header: [String] = []

    @Option(help: "Path below the function, for example /items/1.")
    var path: String?

    @Option(help: "Query, for example a=1&b=2.")
    var query: String?

    @Flag(help: "Exit as the function did.")
    var exitCode = false

    @Flag(
        name: .customLong("async"),
        help: "Only queue the call, and print its id: see 'faasctl queue show'."
    )
    var asynchronous = false

    mutating func validate() throws {
        for line in header where !line.contains(":") {
            throw ValidationError("the header '\(line)' lacks a colon, expected 'Name: value'")
        }
        guard !method.isEmpty, method.allSatisfy({ $0.isASCII && $0.isLetter }) else {
            throw ValidationError("'\(method)' is not an HTTP method")
        }
        guard !asynchronous || method.uppercased() == "POST" else {
            throw ValidationError("--async calls with POST, not with \(method)")
        }
        guard !asynchronous || !exitCode else {
            throw ValidationError("--async ends before the function does: it has no --exit-code")
        }
    }

    mutating func run() async throws {
        name = try namespace.qualified(name)
        let client = try global.client()
        var request = GatewayRequest(method.uppercased(), target)
        request.rawQuery = query
        // A revision that no alias names is for administrators, and the gateway keeps the password from it.
        request.isAdministrative = isRevision
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        request.headers = header.map(Self.splitHeader)
        if let data { request.content = try Self.content(data) }
        // The client chooses the id, so that a call with an incomplete answer can be found; a given id takes
        // precedence.
        let callID = UUID().uuidString.lowercased()
        request.headers.insert(("X-Call-Id", callID), at: 0)
        if asynchronous { return try await queue(request, client) }
        let (head, problem) = try await answer(to: request, id: callID, client)
        let code = InvocationExit.code(head, isFunctionCodeWanted: exitCode)
        if head.isSuccess {
            if code != 0 { throw QuietExit(exitCode: code) }
            return
        }
        var failure = client.failure(GatewayResponse(head: head, body: problem), "cannot invoke '\(name)'")
        if !head.isProblem { failure.why = "the function answered with status \(head.status)" }
        failure.exitCode = code
        // The answer has an outcome if and only if the function ran.
        if head.headers["x-outcome"] != nil { await showLog(of: head.headers["x-call-id"] ?? callID, client) }
        throw failure
    }

    /// Without the version.
    private var function: String { String(name.prefix { $0 != ":" }) }

    /// Queues the call, and prints its id.
    private func queue(_ request: GatewayRequest, _ client: GatewayClient) async throws {
        let response = try await client.exchange(request)
        guard response.head.isSuccess, let id = response.head.headers["x-call-id"] else {
            throw client.failure(response, "cannot queue a call of '\(name)'")
        }
        try Terminal.output.write(Data((id + "\n").utf8))
    }

    /// Prints the last lines of the function's log, for administrators.
    private func showLog(of id: String, _ client: GatewayClient) async {
        guard !global.quiet else { return }
        for line in await CallLog(client: client, function: function, id: id).lastLines() {
            Terminal.error.remark(Table.printable(line))
        }
    }

    /// Writes the function's answer while it arrives; the platform's own errors go to standard error.
    private func answer(
        to request: GatewayRequest,
        id: String,
        _ client: GatewayClient
    ) async throws(CommandFailure) -> (GatewayResponseHead, Data) {
        var problem = Data()
        do throws(CommandFailure) {
            let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
                if head.isProblem { problem.append(bytes) } else { try Terminal.output.write(bytes) }
            }
            return (head, problem)
        } catch {
            guard error.isBrokenOff else { throw error }
            await showLog(of: id, client)
            let call = BrokenCall(client: client, function: function, id: id)
            throw await call.explained(error, isFunctionCodeWanted: exitCode)
        }
    }

    /// Whether one revision is asked for by its number.
    private var isRevision: Bool {
        guard let colon = name.firstIndex(of: ":") else { return false }
        return name[colon...].dropFirst().allSatisfy(\.isNumber)
    }

    private var target: String {
        var rest = path ?? ""
        if !rest.isEmpty, !rest.hasPrefix("/") { rest = "/" + rest }
        // A path may contain characters that are invalid in URLs, such as spaces; encoded ones stay.
        let allowed = CharacterSet.urlPathAllowed.union(CharacterSet(charactersIn: "%"))
        let pattern = asynchronous ? APIPattern.asyncInvocation : .invocation
        return pattern.path(name)
            + (rest.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")
    }

    private static func splitHeader(_ line: String) -> (name: String, value: String) {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.dropFirst().first?.trimmingCharacters(in: .whitespaces) ?? "")
    }

    private static func content(_ data: String) throws(CommandFailure) -> RequestContent {
        let type = "application/octet-stream"
        if data == "-" { return .stream(STDIN_FILENO, type: type) }
        if data.hasPrefix("@") {
            let path = String(data.dropFirst())
            guard access(path, R_OK) == 0 else {
                throw CommandFailure("cannot read the body from '\(path)'", why: systemMessage(errno))
            }
            // A pipe or device has no size: it is sent in chunks.
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                return .stream(open(path, O_RDONLY | O_CLOEXEC), type: type)
            }
            return .file(path: path, type: type)
        }
        return .bytes(Data(data.utf8), type: "text/plain")
    }
}
