// SPDX-License-Identifier: Apache-2.0
// Lines of /etc/hosts in Docker's notation.

import FunctionModel
import Testing

@Suite("Hosts of a container") struct HostEntryTests {
    @Test(
        "are names with addresses",
        arguments: [
            ("a:10.0.0.1", "10.0.0.1\ta\n"), ("a.b_c-1=10.0.0.1", "10.0.0.1\ta.b_c-1\n"),
            ("db:::1", "::1\tdb\n"), ("db=[fe80::1:2]", "fe80::1:2\tdb\n"),
            ("x:1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8\tx\n"), ("x=::ffff:10.0.0.1", "::ffff:10.0.0.1\tx\n"),
        ]
    )
    func valid(text: String, line: String) throws {
        let entry = try HostEntry(text)
        #expect(entry.line == line)
        #expect(try HostEntry(entry.text) == entry)
    }

    @Test(
        "are refused where a line would be another one",
        arguments: [
            "", "a", ":10.0.0.1", "a:", "a:b", "a b:10.0.0.1", "a\n:10.0.0.1", "a:10.0.0.1\n",
            "a:10.0.0.1/32",
            "a:10.0.0.1/8", "a:300.0.0.1", "a:1::2::3", "a::::", "a:1:2:3", "a:12345::", "a:::1%eth0",
            "ä:10.0.0.1",
            "a:1:2:3:4:5:6:7::8", "a:10.0.0.1 b",
        ]
    )
    func invalid(text: String) { #expect(throws: ModelError.self) { try HostEntry(text) } }

    @Test("say why there is no address of the host")
    func gateway() {
        #expect {
            try HostEntry("host.docker.internal:host-gateway")
        } throws: { error in
            "\(error)".contains("does not reach its host")
        }
    }
}
