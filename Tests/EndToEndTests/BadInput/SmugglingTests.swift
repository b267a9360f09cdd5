// SPDX-License-Identifier: Apache-2.0
// Requests with a hidden one behind nginx and HAProxy, which share one kept connection to the gateway among clients.

import Foundation
import Testing

extension EndToEnd {
    @Suite(.enabled(if: ProxyUnderTest.areInstalled, "nginx and haproxy: not installed"))
    struct SmugglingTests {
        /// Longest wait for the answers of one case: those that come are there within milliseconds.
        private static let caseSeconds = 0.25
        private static let answerSeconds = Patience.seconds(10)

        @Test(
            "no client gets the answer to another's request",
            arguments: ProxyUnderTest.Kind.allCases
        )
        func proxies(kind: ProxyUnderTest.Kind) async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    "echo \"mark=$Http_X_Mark;\"",
                    name: "mark",
                    configuration: "warm: {min: 2, max: 4}"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let port = try #require(URL(string: gateway.address)?.port)
                let proxy = try await ProxyUnderTest(kind, gateway: port)
                defer { proxy.stop() }
                var hiddenCount = 0
                for (index, smuggling) in SmugglingCase.all.enumerated() {
                    let problems = try await send(smuggling, index, to: proxy.port, &hiddenCount)
                    #expect(problems.isEmpty, "\(kind.rawValue), \(smuggling.name): \(problems)")
                }
                // A second request that the proxy itself sees is no hidden one: these cases reach the function.
                #expect(hiddenCount > 0)
            }
        }

        /// Sends one case and good requests around it.
        ///
        /// - Parameters:
        ///   - smuggling: the case.
        ///   - index: makes the marks of its good requests its own.
        ///   - port: of the proxy.
        ///   - hiddenCount: counts answers to hidden requests on the connection that sent them.
        /// - Returns: what was answered wrongly.
        /// - Throws: ``HarnessError`` when the proxy accepts nothing.
        private func send(
            _ smuggling: SmugglingCase,
            _ index: Int,
            to port: Int,
            _ hiddenCount: inout Int
        ) async throws -> [String] {
            var problems: [String] = []
            let own = "S\(index)"
            let attack = try RawConnection(port: port)
            let other = try RawConnection(port: port)
            attack.send(Array(smuggling.request.utf8))
            attack.send(Self.good(own))
            // While the case's rest may lie on the kept connection.
            problems += Self.ask(other, "T\(index)")
            let (bytes, _) = attack.receive(within: Self.caseSeconds) { Self.marks($0).contains(own) }
            let marks = Self.marks(bytes)
            hiddenCount += marks.contains("HIDDEN") ? 1 : 0
            if let wrong = marks.first(where: { !["CASE", "HIDDEN", "", own].contains($0) }) {
                problems.append("the case's connection got the answer of \(wrong)")
            }
            // Answers come in the order of the requests.
            let order = marks.map { mark in ["CASE": 0, "": 0, "HIDDEN": 1, own: 2][mark] ?? 3 }
            if order != order.sorted() { problems.append("answers in the order \(marks)") }
            problems += Self.ask(other, "U\(index)")
            let fresh = try RawConnection(port: port)
            problems += Self.ask(fresh, "V\(index)")
            return problems
        }

        private static func good(_ mark: String) -> [UInt8] {
            Array("GET /function/mark HTTP/1.1\r\nHost: h\r\nX-Mark: \(mark)\r\n\r\n".utf8)
        }

        /// A good request on a connection of its own, whose answer must be its own.
        private static func ask(_ connection: borrowing RawConnection, _ mark: String) -> [String] {
            connection.send(good(mark))
            let (bytes, _) = connection.receive(within: answerSeconds) { !marks($0).isEmpty }
            let found = marks(bytes)
            return found == [mark] ? [] : ["\(mark) was answered with \(found): \(text(bytes).prefix(200))"]
        }

        private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

        /// The marks of all answers of the function.
        ///
        /// What a proxy has unfolded into the mark's field is not of the mark.
        private static func marks(_ bytes: [UInt8]) -> [String] {
            text(bytes).components(separatedBy: "mark=").dropFirst().map { part in
                String(part.prefix { $0 != ";" && $0 != " " })
            }
        }
    }
}
