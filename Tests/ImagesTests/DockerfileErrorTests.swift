// SPDX-License-Identifier: Apache-2.0
// Mistakes in a Dockerfile are reported with position, text and expectation.

import Testing

@testable import ImageBuilder

@Suite struct DockerfileErrorTests {
    /// Dockerfile, line, offending text, and words that the expectation has.
    static let errors: [(String, Int, String, String)] = [
        ("", 1, "Dockerfile", "FROM"),
        ("# only a comment\n", 1, "Dockerfile", "FROM"),
        ("RUN a\nFROM b\n", 1, "RUN a", "FROM, or ARG"),
        ("FROM a\nCOPPY a b\n", 2, "COPPY", "did you mean 'COPY'?"),
        ("FROM a\n\nentrypiont b\n", 3, "entrypiont", "did you mean 'ENTRYPOINT'?"),
        ("FROM a\nXYZZY\n", 2, "XYZZY", "an instruction"),
        ("FROM\n", 1, "FROM", "FROM [--platform=P] IMAGE [AS NAME]"),
        ("FROM a b c\n", 1, "FROM a b c", "AS NAME"),
        ("FROM a AS 1b\n", 1, "1b", "a stage name"),
        ("FROM a AS b\nFROM c AS B\n", 2, "B", "no earlier stage"),
        ("FROM --plattform=x a\n", 1, "--plattform=x", "did you mean 'platform'?"),
        ("FROM a\nENV\n", 2, "ENV", "NAME=value"),
        ("FROM a\nENV a\n", 2, "ENV a", "NAME=value"),
        ("FROM a\nENV a=b c\n", 2, "c", "NAME=value"),
        ("FROM a\nENV =b\n", 2, "=b", "a name before '='"),
        ("FROM a\nLABEL a\n", 2, "LABEL a", "NAME=value"),
        ("FROM a\nARG\n", 2, "ARG", "NAME"),
        ("FROM a\nCOPY a\n", 2, "COPY a", "at least one source and a destination"),
        ("FROM a\nCOPY --chown a b\n", 2, "--chown", "--chown=VALUE"),
        ("FROM a\nCOPY --form=x a b\n", 2, "--form=x", "did you mean 'from'?"),
        ("FROM a\nCOPY --from=x --from=y a b\n", 2, "--from=y", "only once"),
        ("FROM a\nCOPY --link=maybe a b\n", 2, "--link=maybe", "--link=true"),
        ("FROM a\nADD --from=x a b\n", 2, "--from=x", "after ADD"),
        ("FROM a\nCOPY <<E /x\nnever ends\n", 2, "<<E", "a line 'E'"),
        ("FROM a\nRUN cat << E\nnever ends\n", 2, "<<E", "a line 'E'"),
        ("FROM a\nRUN cat <<'E\nE\n", 2, "<<'E", "a closing quote"),
        ("FROM a\nCMD [[\"a\"]]\n", 2, "CMD [[\"a\"]]", "strings only"),
        ("FROM a\nENTRYPOINT [1]\n", 2, "ENTRYPOINT [1]", "strings only"),
        ("FROM a\nSHELL /bin/sh\n", 2, "SHELL /bin/sh", "SHELL ["),
        ("FROM a\nRUN\n", 2, "RUN", "a command"),
        ("FROM a\nRUN []\n", 2, "RUN []", "a command"),
        ("FROM a\nRUN --network=wifi a\n", 2, "--network=wifi", "default, none, host"),
        ("FROM a\nRUN --mount=type=cash,target=/x a\n", 2, "type=cash", "bind, cache"),
        ("FROM a\nRUN --mount=type=cache a\n", 2, "--mount=type=cache", "target=PATH"),
        ("FROM a\nRUN --mount=tpye=cache a\n", 2, "tpye=cache", "did you mean 'type'?"),
        ("FROM a\nHEALTHCHECK\n", 2, "HEALTHCHECK", "HEALTHCHECK NONE"),
        ("FROM a\nHEALTHCHECK --interval=soon CMD a\n", 2, "--interval=soon", "30s"),
        ("FROM a\nHEALTHCHECK CMD\n", 2, "HEALTHCHECK CMD", "CMD command"),
        ("FROM a\nONBUILD\n", 2, "ONBUILD", "an instruction after"),
        ("FROM a\nONBUILD ONBUILD RUN a\n", 2, "ONBUILD ONBUILD RUN a", "other than ONBUILD"),
        ("FROM a\nONBUILD FROM b\n", 2, "ONBUILD FROM b", "other than ONBUILD"),
        ("FROM a\nONBUILD CPOY a b\n", 2, "CPOY", "did you mean 'COPY'?"),
        ("FROM a\nUSER\n", 2, "USER", "a user"),
        ("# escape=x\nFROM a\n", 1, "# escape=x", "escape="),
        ("# escape=`\n# escape=`\nFROM a\n", 2, "# escape=`", "only once"),
    ]

    @Test("every mistake is reported with line, text and expectation", arguments: errors)
    func mistake(text: String, line: Int, offending: String, expected: String) throws {
        let error = #expect(throws: DockerfileError.self) { try Dockerfile(parsing: text) }
        #expect(error?.location == DockerfileLocation(file: "Dockerfile", line: line))
        #expect(error?.text == offending)
        #expect(error?.expected.contains(expected) == true, "\(error?.expected ?? "")")
    }

    @Test("the description names file, line, text and expectation, and cuts long texts")
    func description() {
        let location = DockerfileLocation(file: "app/Dockerfile", line: 7)
        let error = DockerfileError(location: location, text: "COPPY", expected: "an instruction")
        #expect(error.description == "app/Dockerfile:7: 'COPPY': expected an instruction")
        let long = DockerfileError(
            location: location,
            text: String(repeating: "x", count: 5000),
            expected: "less"
        )
        #expect(long.text.count == DockerfileError.textLimit + 1)
    }

    @Test("sizes, instructions and here-documents are bounded")
    func limits() {
        let big = String(repeating: "#", count: Dockerfile.sizeLimit + 1)
        #expect(throws: DockerfileError.self) { try Dockerfile(parsing: big) }
        let many = "FROM a\n" + String(repeating: "ENV a=b\n", count: Dockerfile.instructionLimit)
        #expect(throws: DockerfileError.self) { try Dockerfile(parsing: many) }
        let documents =
            "FROM a\nRUN " + String(repeating: "<<E ", count: 65) + "\n" + String(repeating: "E\n", count: 65)
        #expect(throws: DockerfileError.self) { try Dockerfile(parsing: documents) }
    }

    @Test(
        "suggestions come from slips, not from other words",
        arguments: [
            ("FORM", "FROM"), ("EVN", "ENV"), ("WORKDIRR", "WORKDIR"), ("HEALTHCHEK", "HEALTHCHECK"),
            ("GO", nil),
            ("", nil),
        ] as [(String, String?)]
    )
    func nearest(word: String, expected: String?) {
        #expect(nearestName(word, among: InstructionParser.keywords) == expected)
    }
}
