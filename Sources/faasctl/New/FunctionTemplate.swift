// SPDX-License-Identifier: Apache-2.0
// The folders that `faasctl new` writes: one for each language and contract. NewCommand asks.

import ArgumentParser
import FunctionModel

/// A file of a template.
struct TemplateFile: Hashable, Sendable {
    /// Below the function's folder; a plain name or `FOLDER/NAME`.
    var path: String
    var text: String
    var isExecutable = false
}

/// A function to begin with.
enum FunctionTemplate: String, CaseIterable, Sendable, ExpressibleByArgument {
    case sh, python, node, go, swift
    case httpPython = "http-python"
    case lambdaPython = "lambda-python"

    /// How its function gets a request.
    var contract: Contract {
        switch self {
        case .sh, .python, .node, .go, .swift: .stdio
        case .httpPython: .http
        case .lambdaPython: .lambda
        }
    }

    /// Its files for a function.
    ///
    /// - Parameter name: the function's.
    /// - Returns: everything that its folder holds.
    func files(for name: FunctionName) -> [TemplateFile] { content + [manifest(name), readme(name)] }

    private var content: [TemplateFile] {
        switch self {
        case .sh: TemplateTexts.shell
        case .python: TemplateTexts.python
        case .node: TemplateTexts.node
        case .go: TemplateTexts.go
        case .swift: TemplateTexts.swift
        case .httpPython: TemplateTexts.httpPython
        case .lambdaPython: TemplateTexts.lambdaPython
        }
    }

    /// The public images that its Dockerfile begins with.
    var images: [String] {
        content.filter { $0.path == "Dockerfile" }.flatMap { $0.text.split(separator: "\n") }
            .filter { $0.hasPrefix("FROM ") }.map { String($0.split(separator: " ")[1]) }
            .filter { $0 != "scratch" }
    }

    private func manifest(_ name: FunctionName) -> TemplateFile {
        let contract = contract == .stdio ? "" : "contract: \(contract.rawValue)\n"
        // With a quoted name: one of digits alone would be a number.
        let text = "name: \"\(name)\"\nbuild: .\n" + contract
        return TemplateFile(path: "function.yaml", text: text)
    }

    private var rule: String {
        switch contract {
        case .stdio, .cgi:
            """
            The request's body is the program's standard input, its standard output is the answer, and an exit code
            other than 0 is a 500. Standard error is the log.
            """
        case .http:
            """
            The program is an HTTP server on port 8080. It is started before its request, serves one, and ends.
            """
        case .lambda: "The handler is called with the event of a function URL, as on AWS Lambda."
        }
    }

    private func readme(_ name: FunctionName) -> TemplateFile {
        let images = images.map { "`\($0)`" }.joined(separator: ", ")
        let text = """
            # \(name)

            \(rule)

                faasctl deploy .
                faasctl invoke \(name) -d you
                faasctl logs \(name)

            `faasctl deploy . --watch` deploys again with each change.

            ## What it needs

            The first deploy pulls \(images) from its public registry. For a gateway that reaches none, save the image
            where there is one, for example with `docker save IMAGE -o base.tar`, and load it with
            `faasctl image load -i base.tar`; or name an image that the gateway has (`faasctl image list`) in the
            Dockerfile's FROM.

            """
        return TemplateFile(path: "README.md", text: text)
    }
}
