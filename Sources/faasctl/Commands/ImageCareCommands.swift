// SPDX-License-Identifier: Apache-2.0
// `faasctl image prune` and `faasctl image verify`.

import ArgumentParser
import Foundation
import GatewayAPI

struct ImagePruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove unused images and free their disk space.",
        discussion: "Removes images without a name, and leftovers of interrupted transfers."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Also remove images with a name that no revision uses.")
    var all = false

    @Flag(name: .shortAndLong, help: "Accepted for compatibility with Docker: nothing is asked.")
    var force = false

    @Flag(help: "Also remove the build cache.")
    var cache = false

    func run() async throws {
        let what = "cannot prune the images"
        var request = GatewayRequest("POST", APIPath.imagePrune)
        if all { request.query.append(("all", "true")) }
        if cache { request.query.append(("cache", "true")) }
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let answer = try GatewayClient.decode(ImageBody.Pruned.self, from: body, what)
            if global.quiet { return "" }
            return "freed \(Moment.text(bytes: answer.freedBytes)): \(answer.removedBlobs) blobs, "
                + "\(answer.removedTrees) unpacked trees\n"
        }
    }
}

struct ImageVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read all images and compare their content with the digests.",
        discussion: "Exits 1 and lists the findings when content does not match."
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let what = "cannot verify the images"
        var request = GatewayRequest("POST", APIPath.imageVerify)
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let body = try await global.client().require(request, what)
        let findings = try GatewayClient.decode([ImageBody.Finding].self, from: body, what)
        try global.emit(json: body) {
            if findings.isEmpty { return global.quiet ? "" : "every image is as its digest says\n" }
            var table = Table("WHAT", "PROBLEM")
            for finding in findings { table.add(finding.subject, finding.problem) }
            return table.text(colour: Terminal.output.hasColour)
        }
        if !findings.isEmpty { throw QuietExit(exitCode: 1) }
    }
}
