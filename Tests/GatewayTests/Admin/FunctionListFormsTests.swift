// SPDX-License-Identifier: Apache-2.0
// The list of functions from parts against the encoder.

import FunctionModel
import GatewayAPI
import NIOCore
import Testing

@testable import Gateway
@testable import Scheduler

@Suite("The list of functions from encoded parts")
struct FunctionListFormsTests {
    private func full(_ name: String) throws -> FunctionStatus {
        var revision = try makeRevision(name) { configuration in
            configuration.routes = [try Route("GET /a/*")]
            configuration.environment = ["A": "\"quoted\" \\ /path", "invocationCount": "1"]
            configuration.labels = ["b": "1", "a": "ü\u{1}"]
            configuration.annotations = ["x": "y"]
            configuration.secrets = ["s", "t"]
            configuration.constraints = ["node.platform.os == linux"]
            configuration.command = ["/bin/cat", "-n"]
            configuration.requests.memory = .mebibytes(1)
            configuration.readOnlyRootFilesystem = true
        }
        revision.number = 7
        var status = FunctionStatus(revision: revision)
        status.invocationCount = 12_345_678
        status.warm = 2
        status.running = 3
        status.waiting = 4
        status.failure = "the image has no \"/bin/cat\""
        status.template = TemplateStatus(slots: 1, copies: 5, refusal: "two threads")
        return status
    }

    private func encoded(_ statuses: [FunctionStatus], withUsage: Bool) throws -> String {
        let bodies = statuses.map { FunctionStatusBody($0, withUsage: withUsage) }
        return String(decoding: try APIJSON.encode(bodies), as: UTF8.self)
    }

    @Test("has the bytes that the encoder makes of the whole list", arguments: [false, true])
    func bytes(withUsage: Bool) throws {
        let forms = FunctionListForms()
        var statuses = [
            FunctionStatus(revision: try makeRevision("plain")), try full("full.team"), try full("other"),
        ]
        func list() throws -> String {
            let names = statuses.map(\.revision.function)
            return String(buffer: try forms.list(statuses, of: names, withUsage: withUsage))
        }
        #expect(try list() == encoded(statuses, withUsage: withUsage))
        // From parts that are there already, with other counts; and with another revision.
        statuses[0].running = 1
        statuses[1].failure = nil
        statuses[1].template = nil
        statuses[2].invocationCount += 1
        #expect(try list() == encoded(statuses, withUsage: withUsage))
        statuses[1].revision.number = 8
        statuses[1].revision.imageReference = "another:tag"
        #expect(try list() == encoded(statuses, withUsage: withUsage))
        statuses = []
        #expect(try list() == "[]")
    }
}
