// SPDX-License-Identifier: Apache-2.0
// `faasctl invoke NAME`: one call through the gateway, its answer on standard output.

import ArgumentParser
import Foundation

struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Call a function; its answer goes to standard output.",
        discussion: """
            Exits 0 when the answer's status is 2xx, else 1. With --exit-code it exits as the function did: its \
            exit code, 128 plus the signal that ended it, or 124 after a timeout.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The function.")
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

    mutating func validate() throws {
        for line in header where !line.contains(":") {
            throw ValidationError("the header '\(line)' lacks a colon, expected 'Name: value'")
        }
        guard !method.isEmpty, method.allSatisfy({ $0.isASCII && $0.isLetter }) else {
            throw ValidationError("'\(method)' is no HTTP method")
        }
    }

    func run() async throws {
        let client = try global.client()
        var request = GatewayRequest(method.uppercased(), target)
        request.rawQuery = query
        request.isAdministrative = false
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        request.headers = header.map(Self.splitHeader)
        if let data { request.content = try Self.content(data) }
        var problem = Data()
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            // The platform's own errors are told on standard error, not mixed into the function's answer.
            if head.isProblem { problem.append(bytes) } else { try Terminal.output.write(bytes) }
        }
        let code = InvocationExit.code(head, isFunctionCodeWanted: exitCode)
        if head.isSuccess {
            if code != 0 { throw QuietExit(exitCode: code) }
            return
        }
        var failure = client.failure(GatewayResponse(head: head, body: problem), "cannot invoke '\(name)'")
        if !head.isProblem { failure.why = "the function answered with status \(head.status)" }
        failure.exitCode = code
        throw failure
    }

    private var target: String {
        var rest = path ?? ""
        if !rest.isEmpty, !rest.hasPrefix("/") { rest = "/" + rest }
        // A path may hold what is no URL, such as spaces; what is encoded already stays.
        let allowed = CharacterSet.urlPathAllowed.union(CharacterSet(charactersIn: "%"))
        return "/function/\(name.pathSegment)"
            + (rest.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")
    }

    private static func splitHeader(_ line: String) -> (name: String, value: String) {
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.dropFirst().first?.trimmingCharacters(in: .whitespaces) ?? "")
    }

    private static func content(_ data: String) throws(CommandFailure) -> RequestContent {
        let type = "application/octet-stream"
        if data == "-" { return try .stream(file("/dev/stdin"), type: type) }
        if data.hasPrefix("@") { return try .stream(file(String(data.dropFirst())), type: type) }
        return .bytes(Data(data.utf8), type: "text/plain")
    }

    private static func file(_ path: String) throws(CommandFailure) -> InputStream {
        guard access(path, R_OK) == 0, let stream = InputStream(fileAtPath: path) else {
            throw CommandFailure("cannot read the body from '\(path)'", why: systemMessage(errno))
        }
        return stream
    }
}

/// What `invoke` exits with.
enum InvocationExit {
    /// The exit code for an answer.
    ///
    /// - Parameters:
    ///   - head: the answer's status and headers.
    ///   - isFunctionCodeWanted: whether `--exit-code` was given.
    /// - Returns: 0 to 255.
    static func code(_ head: ResponseHead, isFunctionCodeWanted: Bool) -> Int32 {
        let byStatus: Int32 = head.isSuccess ? 0 : 1
        guard isFunctionCodeWanted else { return byStatus }
        // As timeout(1) and shells tell such ends.
        if head.headers["x-outcome"] == "timeout" { return 124 }
        if let text = head.headers["x-exit-code"], let code = Int32(text) { return code }
        if let text = head.headers["x-exit-signal"], let signal = Int32(text) { return 128 + signal }
        return byStatus
    }
}

extension ResponseHead {
    /// Whether the body is the platform's own (RFC 9457).
    var isProblem: Bool {
        !isSuccess && (headers["content-type"] ?? "").hasPrefix("application/problem+json")
    }
}
