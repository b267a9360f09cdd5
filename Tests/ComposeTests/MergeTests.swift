// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compose

@Suite("several files, extends, anchors")
struct MergeTests {
    private let base = """
        services:
          web:
            image: web:1
            command: [a, b]
            environment: {A: 1, B: 2}
            ports: ["8000:80"]
            volumes: ["./a:/data", "./c:/c"]
            expose: [80]
            labels: [x=1]
            healthcheck: {test: [CMD, a], retries: 2}
        """

    @Test("maps are merged, lists appended, commands and mounts of the same target replaced")
    func merges() throws {
        let over = """
            services:
              web:
                command: c
                environment: [B=3, C=4]
                ports: ["8001:81", "8000:80"]
                volumes: ["./b:/data:ro"]
                expose: [80, 81]
                labels: {y: 2}
                healthcheck: {test: [CMD, b]}
              db: {image: db}
            """
        let project = try load(base, over)
        let web = try #require(project[service: "web"])
        #expect(project.services.map(\.name) == ["web", "db"])
        #expect(web.image == "web:1")
        #expect(web.command == ["c"])
        #expect(web.environment == ["A": "1", "B": "3", "C": "4"])
        #expect(web.ports.map(\.text) == ["8000:80/tcp", "8001:81/tcp"])
        #expect(
            web.mounts.map(\.source) == [
                .bind("/srv/shop/b", createsPath: true), .bind("/srv/shop/c", createsPath: true),
            ]
        )
        #expect(web.mounts.map(\.isReadOnly) == [true, false])
        #expect(web.expose == ["80", "81"])
        #expect(web.labels == ["x": "1", "y": "2"])
        #expect(web.healthcheck?.test == ["CMD", "b"])
        #expect(web.healthcheck?.retries == 2)
    }

    @Test("!reset removes and !override replaces")
    func tags() throws {
        let over = """
            services:
              web:
                ports: !override ["9000:90"]
                environment: {A: !reset null}
                volumes: !reset []
                labels: !override {z: 1}
                user: !reset null
            """
        let web = try #require(try load(base, over)[service: "web"])
        #expect(web.ports.map(\.text) == ["9000:90/tcp"])
        #expect(web.environment == ["B": "2"])
        #expect(web.mounts.isEmpty)
        #expect(web.labels == ["z": "1"])
        #expect(web.user == nil)
        #expect(
            mistake("services: {web: {image: !other x}}")
                == "compose.yaml:1:25: the tag '!other' is not supported, expected !reset or !override"
        )
    }

    @Test("a service extends one of its file and one of another file, with that file's paths")
    func extends() throws {
        let text = """
            services:
              web:
                extends: {file: ../common/base.yaml, service: app}
                environment: {B: own}
                command: c
              job:
                extends: web
                profiles: [jobs]
            """
        let files = [
            "/srv/common/base.yaml": """
            services:
              root: {image: "i:${TAG}", environment: {A: 1, B: 1}, volumes: ["./d:/d"]}
              app:
                extends: root
                build: ./src
                env_file: v.env
            """,
            "/srv/common/v.env": "V=1",
        ]
        let project = try load(text, files: files, environment: ["TAG": "2"], profiles: ["jobs"])
        let web = try #require(project[service: "web"])
        #expect(web.image == "i:2")
        #expect(web.build?.context == "/srv/common/src")
        #expect(web.environment == ["A": "1", "B": "own", "V": "1"])
        #expect(web.mounts.map(\.source) == [.bind("/srv/common/d", createsPath: true)])
        #expect(project[service: "job"]?.command == ["c"])
        #expect(project[service: "job"]?.environment == web.environment)
    }

    @Test("extends in a circle and of unknown services are refused at their place")
    func badExtends() {
        #expect(
            mistake("services:\n  a: {extends: b}\n  b: {extends: a}")
                == "compose.yaml:2:16: services extend each other in a circle: compose.yaml: a → compose.yaml: b → compose.yaml: a"
                || mistake("services:\n  a: {extends: b}\n  b: {extends: a}")?.contains(
                    "in a circle: compose.yaml: a"
                ) == true
        )
        #expect(
            mistake("services:\n  web: {image: a}\n  b: {extends: wob}")
                == "compose.yaml:3:16: the extended service 'wob' is not in compose.yaml (did you mean 'web'?)"
        )
        #expect(
            mistake("services:\n  b: {extends: {file: x.yaml, service: s}}")
                == "compose.yaml:2:23: services.b.extends.file: '/srv/shop/x.yaml' does not exist"
        )
    }

    @Test("anchors and merge keys; own keys win, then the first of a list")
    func anchors() throws {
        let text = """
            x-a: &a {restart: always, environment: &env {A: 1, B: 2}}
            x-b: &b {restart: 'no', user: "5"}
            services:
              web:
                <<: [*a, *b]
                image: i
                environment: {<<: *env, B: 3}
            """
        let web = try #require(try load(text)[service: "web"])
        #expect(web.restart == .always)
        #expect(web.user == "5")
        #expect(web.environment == ["A": "1", "B": "3"])
        #expect(
            mistake("services: {web: {<<: text, image: i}}")
                == "compose.yaml:1:22: '<<' is a single value, expected a map or a list of maps"
        )
    }

    @Test("aliases of aliases are bounded")
    func aliasBomb() {
        var text = "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<9 {
            text +=
                "x-\(level): &a\(level) ["
                + [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        #expect(mistake(text + "services: {web: {image: i}}")?.contains("more than 100000 values") == true)
    }

    @Test("deep nesting is refused, not followed")
    func depth() {
        let text = "x-a: " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        #expect(
            mistake(text + "\nservices: {web: {image: i}}")?.contains(
                "more than 32 maps and lists inside each other"
            ) == true
        )
    }
}
