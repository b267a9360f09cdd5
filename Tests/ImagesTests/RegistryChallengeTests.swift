// SPDX-License-Identifier: Apache-2.0
// WWW-Authenticate in all its forms, and scopes.

import Testing

@testable import Registry

@Suite("Registry challenge")
struct RegistryChallengeTests {
    typealias Pairs = [String: String]

    @Test(
        "challenges are read with their parameters",
        arguments: [
            ("", []),
            ("Basic", [("basic", [:])]),
            (#"Basic realm="a b""#, [("basic", ["realm": "a b"])]),
            (
                #"Bearer realm="https://auth.example/t",service="a, inc",scope="repository:a:pull,push""#,
                [
                    (
                        "bearer",
                        [
                            "realm": "https://auth.example/t", "service": "a, inc",
                            "scope": "repository:a:pull,push",
                        ]
                    )
                ]
            ),
            (
                #"Basic realm="x", Bearer realm="http://a/b" , error=invalid_token"#,
                [("basic", ["realm": "x"]), ("bearer", ["realm": "http://a/b", "error": "invalid_token"])]
            ),
            (#"BEARER Realm = "q\"uote\\d""#, [("bearer", ["realm": #"q"uote\d"#])]),
            ("Negotiate abc/+==, Basic realm=x", [("negotiate", [:]), ("basic", ["realm": "x"])]),
            ("Negotiate, Bearer a=1", [("negotiate", [:]), ("bearer", ["a": "1"])]),
            ("Bearer a=1, a=2", [("bearer", ["a": "1"])]),
            (#"Bearer realm="never closed"#, [("bearer", [:])]),
            (",, ,Basic", [("basic", [:])]),
        ] as [(String, [(String, Pairs)])]
    )
    func parse(header: String, expected: [(String, Pairs)]) {
        let wanted = expected.map { AuthChallenge(scheme: $0.0, parameters: $0.1) }
        #expect(AuthChallenge.parse(header) == wanted)
    }

    @Test("a header without end is cut, and challenges are counted")
    func bounds() {
        let many = Array(repeating: "Basic", count: 5000).joined(separator: ", ")
        #expect(AuthChallenge.parse(many).count == AuthChallenge.challengesMax)
        let long = "Bearer realm=\"" + String(repeating: "x", count: AuthChallenge.headerBytesMax) + "\""
        #expect(AuthChallenge.parse(long) == [AuthChallenge(scheme: "bearer", parameters: [:])])
    }

    @Test("scopes are read with colons in names and written with actions in order")
    func scopes() {
        let text = "repository:host:5000/app:push,pull registry:catalog:* broken repository::pull"
        let scopes = AccessScope.parse(text)
        #expect(
            scopes.map(\.description).sorted() == [
                "registry:catalog:*", "repository:host:5000/app:pull,push",
            ]
        )
        #expect(AccessScope.push("a").covers(.pull("a")))
        #expect(!AccessScope.pull("a").covers(.push("a")) && !AccessScope.push("a").covers(.pull("b")))
    }
}
