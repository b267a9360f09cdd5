// SPDX-License-Identifier: Apache-2.0
// What of a context goes up.

import Testing

@testable import ImageBuilder
@testable import ImageStore

@Suite struct UploadFilterTests {
    private func names(_ files: [String: String], dockerfile: String? = nil) throws -> Set<String> {
        let scratch = try Scratch()
        try scratch.write(files.mapValues { Array($0.utf8) }, below: "context")
        let filter = UploadFilter(context: scratch.path + "/context", dockerfile: dockerfile)
        var tar: [UInt8] = []
        try ContextArchive.pack(
            directory: scratch.path + "/context",
            compression: .none,
            including: { filter.includes($0, isFolder: $1) },
            sink: { tar += $0 }
        )
        try scratch.write(tar, to: "context.tar")
        try Directories.make(scratch.path + "/target")
        try ContextArchive.unpack(archive: scratch.path + "/context.tar", into: scratch.path + "/target")
        return Set(
            scratch.listing("target").map { String($0.prefix { $0 != " " }) }.filter { files[$0] != nil }
        )
    }

    @Test("what .dockerignore excludes stays at home, what it takes back does not")
    func excluded() throws {
        let found = try names([
            "Dockerfile": "FROM scratch\n",
            ".dockerignore": "modules\n*.log\n!keep.log\ndata\n!data/one/two\nDockerfile\n",
            "modules/a/b": "", "x.log": "", "keep.log": "", "data/one/two": "", "data/one/three": "",
            "main": "",
        ])
        #expect(found == ["Dockerfile", ".dockerignore", "keep.log", "data/one/two", "main"])
    }

    @Test("the Dockerfile and its own rules go up from an excluded folder, and nothing else of it")
    func ownRules() throws {
        let found = try names(
            [
                "build/Dockerfile": "FROM scratch\n", "build/Dockerfile.dockerignore": "build\n",
                ".dockerignore": "*", "build/secret": "", "main": "",
            ],
            dockerfile: "build/Dockerfile"
        )
        #expect(found == ["build/Dockerfile", "build/Dockerfile.dockerignore", ".dockerignore", "main"])
    }

    @Test("where the rules are wrong everything goes up, for the builder to say so")
    func malformed() throws {
        let found = try names(["Dockerfile": "FROM scratch\n", ".dockerignore": "main\n!\n", "main": ""])
        #expect(found == ["Dockerfile", ".dockerignore", "main"])
    }
}
