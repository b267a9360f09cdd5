// SPDX-License-Identifier: Apache-2.0
// Projects of texts, without files of this machine.

import Compose
import Testing
import ManifestReader

/// Loads texts as the files of the folder /srv/shop.
func load(
    _ texts: String...,
    files: [String: String] = [:],
    environment: [String: String] = [:],
    name: String? = nil,
    profiles: Set<String> = [],
    chosen: [String] = []
) throws(ManifestError) -> ComposeProject {
    let sources = ComposeSources(environment: environment, folder: "/srv/shop", home: "/home/ada") { path in
        files[path].map { .text($0) } ?? .missing
    }
    var loader = ComposeLoader(sources: sources)
    loader.name = name
    loader.profiles = profiles
    loader.chosen = chosen
    let names = ["compose.yaml", "override.yaml", "third.yaml"]
    return try loader.load(zip(names, texts).map { ($0, $1) })
}

/// The mistake of a text, as users see it.
func mistake(_ texts: String..., files: [String: String] = [:], environment: [String: String] = [:])
    -> String?
{
    do throws(ManifestError) {
        if texts.count == 2 {
            _ = try load(texts[0], texts[1], files: files, environment: environment)
        } else {
            _ = try load(texts[0], files: files, environment: environment)
        }
        return nil
    } catch {
        return error.description
    }
}

/// The only service of a text below `services: {web: …}`.
func service(
    _ body: String,
    files: [String: String] = [:],
    environment: [String: String] = [:]
) throws -> ComposeService {
    try #require(
        load(web(body), files: files, environment: environment)[service: "web"]
    )
}

/// A file with one service.
func web(_ body: String) -> String {
    let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
    return "services:\n  web:\n    image: web\n" + lines.joined(separator: "\n") + "\n"
}
