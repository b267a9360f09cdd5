// SPDX-License-Identifier: Apache-2.0
// function.yaml: what is read, and how mistakes are reported.

import Foundation
import FunctionModel
import ManifestReader
import Testing

@testable import faasctl

@Suite struct FunctionManifestTests {
    private static let whole = """
        name: hello
        image: hello:latest
        routes: ["GET /hello", "/api/hello/*", "hello.example.com/"]
        contract: stdio
        environment: {GREETING: hi, NUMBER: 5, EMPTY: }
        secrets: [api-key]
        limits: {memory: 64Mi, cpu: 500m, pids: 8, disk: 1Mi, body: 2Mi, output: 3Mi}
        timeout: 1m30s
        grace: 5
        concurrency: 4
        queue: {length: 7, wait: 3s}
        warm: {min: 1, max: 2}
        network: egress
        readonly_root_filesystem: true
        schedules:
          - {cron: "*/5 * * * *", timezone: Europe/Berlin, overlap: queue, missed: all, input: "{}"}
        requests: {memory: 32Mi, cpu: 100m}
        async: {attempts: 3, min_wait: 2s, max_wait: 1m, codes: [503], max_age: 2h}
        constraints: ["node.platform.os == linux"]
        labels: {team: a}
        annotations: {note: b}
        command: [/bin/run, "-x"]
        content_type: text/plain
        """

    @Test("every documented key is read")
    func readsEveryKey() throws {
        let manifest = try FunctionManifest.read(Self.whole, file: "function.yaml")
        let configuration = manifest.configuration
        #expect(manifest.name.text == "hello")
        #expect(manifest.image == "hello:latest")
        #expect(
            configuration.routes.map(\.description) == ["GET /hello", "/api/hello/*", "hello.example.com/"]
        )
        #expect(configuration.contract == .stdio)
        #expect(configuration.environment == ["GREETING": "hi", "NUMBER": "5", "EMPTY": ""])
        #expect(configuration.limits.memory == .mebibytes(64))
        #expect(configuration.limits.cpu == Millicores(count: 500))
        #expect(configuration.limits.output == .mebibytes(3))
        #expect(configuration.timeout == .seconds(90))
        #expect(configuration.grace == .seconds(5))
        #expect(configuration.queue.length == 7)
        #expect(configuration.warm.min == 1)
        #expect(configuration.network == .egress)
        #expect(configuration.readOnlyRootFilesystem)
        #expect(configuration.schedules.first?.overlap == .queue)
        #expect(configuration.schedules.first?.missed == .all)
        #expect(configuration.asynchronous.attempts == 3)
        #expect(configuration.asynchronous.minWait == .seconds(2))
        #expect(configuration.asynchronous.maxWait == .seconds(60))
        #expect(configuration.asynchronous.maxAge == .seconds(7200))
        #expect(configuration.asynchronous.codes == [503])
        #expect(configuration.requests.memory == .mebibytes(32))
        #expect(configuration.constraints == ["node.platform.os == linux"])
        #expect(configuration.command == ["/bin/run", "-x"])
        #expect(configuration.contentType == "text/plain")
    }

    @Test("JSON is read like YAML")
    func readsJSON() throws {
        let text = #"{"name": "hello", "image": "a:b", "limits": {"memory": "32Mi"}, "concurrency": 3}"#
        let manifest = try FunctionManifest.read(text, file: "function.json")
        #expect(manifest.configuration.limits.memory == .mebibytes(32))
        #expect(manifest.configuration.concurrency == 3)
    }

    @Test(
        "a mistake is reported with file, line, column and expectation",
        arguments: [
            ("name: a\nimage: b\ntmeout: 3s\n", "f:3:1: unknown key 'tmeout' (did you mean 'timeout'?)"),
            (
                "name: a\nimage: b\nlimits:\n  memroy: 3Mi\n",
                "f:4:3: unknown key 'memroy' in 'limits' (did you mean 'memory'?)"
            ),
            ("name: a\nimage: b\nzzz: 1\n", "f:3:1: unknown key 'zzz'"),
            (
                "name: a\nimage: b\ntimeout: soon\n",
                "f:3:10: timeout: 'soon' is not valid, expected a duration such as 30s, 1m30s or 250ms"
            ),
            ("name: a\nimage: b\nroutes: /x\n", "f:3:9: 'routes' is a single value, expected a list"),
            ("name: a\nimage: b\nlimits: 3\n", "f:3:9: 'limits' is a single value, expected a map"),
            (
                "name: a\nimage: b\nconcurrency: many\n",
                "f:3:14: concurrency: 'many' is not valid, expected a whole number"
            ),
            (
                "name: a\nimage: b\nstream: yes\n",
                "f:3:9: stream: 'yes' is not valid, expected true or false"
            ),
            (
                "name: a\nimage: b\ncontract: stdoi\n",
                "f:3:11: contract: 'stdoi' is not valid, expected one of stdio, cgi, http, lambda (did you mean 'stdio'?)"
            ),
            (
                "name: a\nimage: b\ntemplates: true\n",
                "f:3:1: unknown key 'templates' (did you mean 'template'?)"
            ),
            (
                "name: a\nimage: b\nuses: [\"other:redis\", redis]\n",
                "f:3:7: uses: 'redis' is not valid, expected each name once"
            ),
            (
                "name: a\nimage: b\nreuse: many\n",
                "f:3:8: reuse: 'many' is not valid, expected a whole number"
            ),
            (
                "name: a\nimage: b\nasync: {attempts: 0}\n",
                "f:3:19: async.attempts: '0' is not valid, expected 1 to 100"
            ),
            (
                "name: a\nimage: b\nasync: {min_wait: 2s, max_wait: 1s}\n",
                "f:3:19: async.min_wait: '2s' is not valid, expected at most max_wait, 1s"
            ),
            (
                "name: a\nimage: b\nasync: {codes: [500, 200]}\n",
                "f:3:16: async.codes: '200' is not valid, expected statuses from 400 to 599"
            ),
            ("name: a\nimage: b\nbuild_options: [dev]\n", "f:3:1: unknown key 'build_options'"),
            (
                "name: a\nimage: b\nbuild_args: {A: b}\n",
                "f:3:1: 'build_args' has no effect: neither 'build' nor 'handler' names a folder to build"
            ),
            ("name: a\nbuild: .\nhandler: b\n", "f:3:1: 'handler' and 'build' exclude each other"),
            (
                "name: a\nbuild: .\nskip_build: true\n",
                "f:3:1: 'skip_build' needs 'image', the image that exists already"
            ),
            (
                "name: a\nimage: b\negress_allow: [10.0.0.0/8]\n",
                "f:3:15: egress_allow: '10.0.0.0/8' is not valid, expected none without 'network: egress'"
            ),
            (
                "name: a\nimage: b\nrequests:\n  memory: 1Gi\n",
                "f:4:11: requests.memory: '1Gi' is not valid, expected at most limits.memory, 128Mi"
            ),
            (
                "name: a\nimage: b\nconcurrency: 0\n",
                "f:3:14: concurrency: '0' is not valid, expected 1 to 4096"
            ),
            (
                "name: a\nimage: b\nlimits:\n  memory: 1Ki\n",
                "f:4:11: limits.memory: '1Ki' is not valid, expected at least 2Mi"
            ),
            (
                "name: a\nimage: b\nschedules: [{timezone: UTC}]\n",
                "f:3:13: 'schedules[0]' lacks 'cron', expected an expression such as '*/5 * * * *'"
            ),
            ("image: b\n", "f: 'name' is missing, expected the function's name"),
            (
                "name: a\n",
                "f:1:1: neither 'image' nor 'build' is given, expected a reference or a folder with a Dockerfile"
            ),
            ("name: a\nname: b\nimage: c\n", "f:1:1: key 'name' occurs twice in one map"),
            ("", "f: the file is empty"),
            ("- a\n", "f:1:1: the file is a list, expected a map"),
        ]
    )
    func tellsMistakes(text: String, message: String) {
        let mistake = #expect(throws: ManifestError.self) {
            try FunctionManifest.read(text, file: "f")
        }
        #expect(mistake?.description == message)
    }

    @Test("text that is not YAML is reported with its place")
    func tellsSyntax() {
        let mistake = #expect(throws: ManifestError.self) {
            try FunctionManifest.read("name: a\nimage: [b\n", file: "f")
        }
        #expect(mistake?.line == 3)
    }

    @Test("OpenFaaS's words are translated")
    func translatesOpenFaaS() throws {
        let text = """
            name: a
            lang: dockerfile
            handler: ./a
            image: a:1
            fprocess: cat -
            skip_build: false
            namespace: openfaas-fn
            """
        let manifest = try FunctionManifest.read(text, file: "f")
        #expect(manifest.buildFolder == "./a")
        #expect(manifest.configuration.command == ["cat", "-"])
        let skipped = try FunctionManifest.read(
            text.replacing("skip_build: false", with: "skip_build: true"),
            file: "f"
        )
        #expect(skipped.buildFolder == nil && skipped.image == "a:1")
    }

    @Test(
        "an environment_file's variables win over the manifest's own, and its mistakes are reported with their place"
    )
    func readsEnvironmentFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "mayfly-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        try write("environment: {A: file, N: 5}\n", "one.yml")
        try write("environment: {N: 6}\n", "two.yml")
        let text = "name: a\nimage: b\nenvironment: {A: own, B: own}\nenvironment_file: [one.yml, two.yml]\n"
        var manifest = try FunctionManifest.read(text, file: "f")
        try manifest.addEnvironmentFiles(in: folder)
        #expect(manifest.configuration.environment == ["A": "file", "B": "own", "N": "6"])
        try write("enviroment: {N: 6}\n", "two.yml")
        let mistake = #expect(throws: ManifestError.self) { try manifest.addEnvironmentFiles(in: folder) }
        #expect(mistake?.description.hasPrefix("two.yml:1:1: unknown key 'enviroment'") == true)
        manifest.environmentFiles = ["absent.yml"]
        let failure = #expect(throws: CommandFailure.self) { try manifest.addEnvironmentFiles(in: folder) }
        #expect(failure?.description.contains("'absent.yml'") == true)
    }
}
