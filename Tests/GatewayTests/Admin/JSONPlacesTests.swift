// SPDX-License-Identifier: Apache-2.0
// Keys of JSON bodies: which are known, and where they are.

import FunctionModel
import GatewayAPI
import Testing

@testable import Gateway

@Suite struct JSONPlacesTests {
    private static let keys = KeyTree.object([
        .init("a"), .init("free", .map), .init("inner", .object([.init("b")])),
        .init("list", .list(.object([.init("c")]))),
    ])

    @Test(
        "the first key that is not known or comes twice is reported with its place",
        arguments: [
            ("{}", nil), ("[1, {\"x\": 2}]", nil),
            ("{\"a\": {\"any\": [1]}, \"free\": {\"x\": {\"y\": 1}}}", nil),
            ("{\"inner\": {\"b\": \"}\"}, \"list\": [{\"c\": null}, {\"c\": -1.5e3}]}", nil),
            ("{\"\\u0061\": \"\\\"{\"}", nil), ("{ \"x\": 1}", "line 1, column 3: unknown key 'x'"),
            ("{\"a\": 1,\n\t\"a\": 2}", "line 2, column 2: key 'a' comes twice"),
            ("{\"inner\":\n{\"x\": 1}}", "line 2, column 2: unknown key 'x' in 'inner'"),
            (
                "{\"list\": [{\"c\": 1}, {\"c\": 1, \"d\": 2}]}",
                "line 1, column 30: unknown key 'd' in 'list[1]'"
            ),
        ] as [(String, String?)]
    )
    func mistakes(json: String, mistake: String?) {
        #expect(JSONPlaces(json.utf8, keys: Self.keys).mistake == mistake)
    }

    @Test("an error is reported at its field, or at the nearest one around it")
    func located() {
        let places = JSONPlaces("{\"mayfly\": {\"limits\": {}}}".utf8, keys: FunctionDeployment.keys)
        let error = ModelError(field: "limits.memory", value: "x", expected: "y")
        #expect(places.located(error) == "line 1, column 13: \(error)")
        let other = ModelError(field: "timeout", value: "x", expected: "y")
        #expect(places.located(other) == other.description)
    }

    @Test(
        "text that is no JSON ends the walk, with the keys up to there",
        arguments: [
            ("", []), ("{", []), ("{\"a", [""]), ("[[[", []), ("{\"a\":", ["a"]), ("\\", []),
            ("{\"a\" 1}", ["a"]), ("]", []),
        ] as [(String, Set<String>)]
    )
    func malformed(text: String, keys: Set<String>) {
        #expect(Set(JSONPlaces(text.utf8, keys: Self.keys).places.keys) == keys)
    }

    @Test("the time of many keys grows with their number, and one too many is refused")
    func many() {
        func text(_ count: Int) -> String {
            let keys = (0..<count).map { "\n\"k\($0)\": \"\(String(repeating: "x", count: 100))\"" }
            return "{\"free\": {" + keys.joined(separator: ",") + "}}"
        }
        // Sixteen thousand keys in 2 MiB: a look at the whole text for each of them takes minutes.
        let most = text(JSONPlaces.keysMax - 1)
        let start = ContinuousClock.now
        let places = JSONPlaces(most.utf8, keys: Self.keys)
        #expect(places.mistake == nil && places.places.count == JSONPlaces.keysMax)
        #expect(places.places["free.k16000"] == JSONPlaces.Place(line: 16002, column: 1))
        #expect(ContinuousClock.now - start < .seconds(20))
        let line = JSONPlaces.keysMax + 1
        let mistake = JSONPlaces(text(JSONPlaces.keysMax).utf8, keys: Self.keys).mistake
        #expect(mistake == "line \(line), column 1: more than \(JSONPlaces.keysMax) keys")
    }

    @Test("a long key has no place, and what is within it neither takes its length again")
    func longKeys() {
        let long = String(repeating: "y", count: JSONPlaces.pathBytesMax)
        let places = JSONPlaces("{\"a\": {\"\(long)\": {\"z\": 1}}}".utf8, keys: Self.keys)
        #expect(places.mistake == nil && Set(places.places.keys) == ["a", "a.z"])
    }
}
