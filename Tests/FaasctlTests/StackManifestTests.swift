// SPDX-License-Identifier: Apache-2.0
// stack.yaml: OpenFaaS's form, with variables.

import FunctionModel
import ManifestReader
import Testing

@testable import faasctl

@Suite struct StackManifestTests {
    @Test("functions come in the order of the file, with variables replaced")
    func readsFunctions() throws {
        let text = """
            version: 1.0
            provider: {name: openfaas, gateway: "http://${HOST:-127.0.0.1}:8080"}
            functions:
              second:
                image: registry/${TAG}
              first:
                image: "a:${MISSING:-latest}"
                environment: {PRICE: "$${5}", SET: "${TAG:-no}"}
                concurrency: ${COUNT:-3}
            """
        let stack = try StackManifest.read(text, file: "stack.yaml", variables: ["TAG": "v1"])
        #expect(stack.gateway == "http://127.0.0.1:8080")
        #expect(stack.functions.map(\.name.text) == ["second", "first"])
        #expect(stack.functions.map(\.image) == ["registry/v1", "a:latest"])
        #expect(stack.functions.last?.configuration.environment == ["PRICE": "${5}", "SET": "v1"])
        #expect(stack.functions.last?.configuration.concurrency == 3)
    }

    @Test(
        "a stack of another form is refused",
        arguments: [
            ("version: 2.0\n", "s:1:10: version: '2.0' is not valid, expected 1.0"),
            (
                "provider: {name: faasd}\n",
                "s:1:18: provider.name: 'faasd' is not valid, expected 'openfaas'"
            ),
            ("provider: {network: x}\n", "s:1:12: unknown key 'network' in 'provider'"),
        ]
    )
    func refusesOtherForms(text: String, message: String) {
        let mistake = #expect(throws: ManifestError.self) {
            try StackManifest.read(text + "functions: {}\n", file: "s", variables: [:])
        }
        #expect(mistake?.description == message)
    }

    @Test(
        "a mistake is reported with its place",
        arguments: [
            (
                "functions:\n  a: {image: \"${X}\"}\n",
                "s:2:14: the variable 'X' is not set, set it or write ${X:-default}"
            ),
            ("functions:\n  a: {image: \"${X\"}\n", "s:2:14: '${' without '}' in 'functions.a.image'"),
            (
                "functions:\n  a: {image: \"${a-b}\"}\n",
                "s:2:14: '${a-b}' is not a variable, expected ${NAME} or ${NAME:-default}"
            ),
            (
                "functions:\n  a: {imag: b}\n",
                "s:2:7: unknown key 'imag' in 'functions.a' (did you mean 'image'?)"
            ),
            ("functions: {}\nconfiguration: {templates: []}\n", "s:2:1: unknown key 'configuration'"),
            ("function: {}\n", "s:1:1: unknown key 'function' (did you mean 'functions'?)"),
            ("provider: {}\n", "s:1:1: 'functions' is missing, expected a map from names to functions"),
            (
                "functions:\n  -a: {image: b}\n",
                "s:2:3: name: '-a' is not valid, expected 1 to 63 letters, digits, '-' or '_', not starting or ending with '-'"
            ),
        ]
    )
    func tellsMistakes(text: String, message: String) {
        let mistake = #expect(throws: ManifestError.self) {
            try StackManifest.read(text, file: "s", variables: [:])
        }
        #expect(mistake?.description == message)
    }
}
