// SPDX-License-Identifier: Apache-2.0
// Go templates as --format takes them; the expected texts are Go's and Docker's.

import Testing

@testable import faasctl

@Suite("A template")
struct TemplateTests {
    private static let value: TemplateValue = .members([
        "State": .members(["ExitCode": .integer(3), "Running": .bool(true)]),
        "Name": .text("/x"),
        "Args": .texts(["a b", "c<d"]),
        "Ports": .object([.init(name: "80/tcp", value: .list([.members(["HostPort": .text("8080")])]))]),
        "Nothing": .null,
    ])

    @Test(
        "writes what Go's text/template writes",
        arguments: [
            ("plain", "plain"),
            ("{{.State.ExitCode}} {{json .Args}}", #"3 ["a b","c\u003cd"]"#),
            ("{{range .Args}}[{{.}}]{{end}}", "[a b][c<d]"),
            ("{{range $i, $a := .Args}}{{$i}}={{$a}};{{end}}", "0=a b;1=c<d;"),
            ("{{range $p, $c := .Ports}}{{$p}}->{{(index $c 0).HostPort}}{{end}}", "80/tcp->8080"),
            ("{{range .Nothing}}x{{else}}none{{end}}", "none"),
            ("{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080"),
            ("{{if .State.Running}}yes{{else}}no{{end}}", "yes"),
            ("{{if eq .Name \"/y\"}}1{{else if eq .Name \"/x\"}}2{{else}}3{{end}}", "2"),
            ("{{with .State}}{{.ExitCode}}{{$.Name}}{{end}}", "3/x"),
            ("{{not .State.Running}} {{len .Args}} {{join .Args \",\"}}", "false 2 a b,c<d"),
            (
                "{{printf \"%-5s|%5d|%.2f|%q|%%\" .Name .State.ExitCode 1.5 .Name}}",
                "/x   |    3|1.50|\"/x\"|%"
            ),
            ("{{.Name | upper | printf \"%s!\"}}", "/X!"),
            ("a {{- /* remark */ -}} b", "ab"), ("a {{- .Name -}} b", "a/xb"), ("{{\"}}\"}}", "}}"),
            (
                "{{and .Name .Nothing}} {{or .Nothing .Name}} {{lt 1 2}}{{ge 1 2}}{{ne 1 1}}",
                "<no value> /x truefalsefalse"
            ),
            ("{{$x := .Name}}{{$x}}{{slice .Name 1 2}}{{title \"ab cd\"}}", "/xxAb Cd"),
        ]
    )
    func writes(text: String, expected: String) throws {
        #expect(try Template(text).render(Self.value) == expected)
    }

    @Test(
        "names its mistake",
        arguments: [
            ("{{.Nope}}", "no entry for key \"Nope\""), ("{{.Name.X}}", "can't evaluate field X"),
            ("{{.Nothing.X}}", "nil pointer evaluating .X"), ("{{end}}", "unexpected {{end}}"),
            ("{{if .Name}}", "unexpected EOF"), ("{{", "unclosed action"),
            ("{{foo 1}}", "\"foo\" not defined"),
            ("{{\"a}}", "unclosed action"), ("{{$x}}", "undefined variable"),
            ("{{.Name .Name}}", "non-function"),
            ("{{index .Args 7}}", "out of range"), ("{{(.Name}}", "unclosed left paren"),
            ("{{lt .Name 1}}", "incompatible types"), ("{{range .Name}}{{end}}", "can't iterate"),
        ]
    )
    func mistakes(text: String, part: String) {
        do throws(TemplateError) {
            let written = try Template(text).render(Self.value)
            Issue.record("wrote \(written)")
        } catch {
            #expect(error.description.contains(part), "\(error)")
        }
    }

    @Test("bounds blocks and parentheses in each other")
    func depth() {
        let blocks = String(repeating: "{{if .}}", count: 5000) + String(repeating: "{{end}}", count: 5000)
        #expect(throws: TemplateError.self) { try Template(blocks) }
        let groups =
            "{{" + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000) + "}}"
        #expect(throws: TemplateError.self) { try Template(groups) }
    }

    @Test("tables are padded as Docker's")
    func tables() throws {
        let list = FormattedList(
            format: "table {{.ID}}\t{{.Names}}",
            standard: "",
            heads: ["ID": "CONTAINER ID"]
        )
        let entries: [TemplateValue] = [.members(["ID": .text("0123456789ab"), "Names": .text("a")])]
        #expect(try list.text(entries) == "CONTAINER ID   NAMES\n0123456789ab   a\n")
        let narrow = FormattedList(format: nil, standard: "{{.A}}\t{{.B}}", heads: [:])
        #expect(
            try narrow.text([.members(["A": .text("x"), "B": .text("y")])]) == "A         B\nx         y\n"
        )
        let lines = FormattedList(format: "json", standard: "", heads: [:])
        #expect(try lines.text([.members(["A": .integer(1)])]) == "{\"A\":1}\n")
    }

    @Test(
        "spans are in Docker's words",
        arguments: [
            (0.5, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (61, "About a minute"),
            (125, "2 minutes"), (3600, "About an hour"), (7200, "2 hours"), (47 * 3600, "47 hours"),
            (72 * 3600, "3 days"), (20 * 86400, "2 weeks"), (90 * 86400, "3 months"),
            (800 * 86400, "2 years"),
        ] as [(Double, String)]
    )
    func spans(seconds: Double, text: String) {
        #expect(HumanSpan.text(seconds: seconds) == text)
    }
}
