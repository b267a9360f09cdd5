// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compose

@Suite struct ProjectTests {
    @Test("the name is the command line's, the last file's, or the folder's")
    func names() throws {
        let text = "name: from-${X:-file}\nservices: {web: {image: '${COMPOSE_PROJECT_NAME}'}}"
        #expect(try load(text).name == "from-file")
        #expect(try load(text, "name: second").name == "second")
        #expect(try load(text, name: "given").services[0].image == "given")
        #expect(try load("services: {web: {image: i}}").name == "shop")
        #expect(ComposeName.project(folder: "/srv/My Shop.2_x-") == "myshop2_x-")
        #expect(ComposeName.project(folder: "/srv/--_A") == "a")
        #expect(ComposeName.project(folder: "/") == "")
        #expect(
            mistake("name: Up\nservices: {web: {image: i}}")?.hasPrefix(
                "compose.yaml:1:7: name: 'Up' is not valid"
            ) == true
        )
    }

    @Test("resources have names of the project unless they say otherwise, and only used ones are made")
    func resources() throws {
        let project = try load(
            """
            services:
              web: {image: i, networks: [front, back], volumes: ["data:/d", "own:/o", "ext:/e"], secrets: [s], configs: [c]}
            networks: {front: , back: {internal: true}, unused: }
            volumes: {data: , own: {name: n, labels: [a=b]}, ext: {external: true}, unused: }
            secrets: {s: {file: ./s.txt}, unused: {file: u}}
            configs: {c: {file: /etc/c}}
            """
        )
        #expect(project.networks.map(\.name) == ["shop_front", "shop_back"])
        #expect(project.networks.map(\.isInternal) == [false, true])
        #expect(project.volumes.map(\.name) == ["shop_data", "n", "ext"])
        #expect(project.volumes.map(\.isExternal) == [false, false, true])
        #expect(project.secrets.map(\.path) == ["/srv/shop/s.txt"])
        #expect(project.configs.map(\.path) == ["/etc/c"])
        #expect(try load("services: {web: {image: i}}").networks.map(\.name) == ["shop_default"])
        #expect(try load("services: {web: {image: i, network_mode: none}}").networks.isEmpty)
    }

    @Test("profiles enable services, and so does their name on the command line")
    func profiles() throws {
        let text = """
            services:
              web: {image: i}
              debug: {image: d, profiles: [dev, test]}
              seed: {image: s, profiles: [dev], depends_on: [web]}
            """
        #expect(try load(text).services.map(\.name) == ["web"])
        #expect(try load(text).disabled.map(\.name) == ["debug", "seed"])
        #expect(try load(text, profiles: ["test"]).services.map(\.name) == ["web", "debug"])
        #expect(try load(text, profiles: ["*"]).services.count == 3)
        #expect(try load(text, chosen: ["seed"]).services.map(\.name) == ["web", "seed"])
    }

    @Test("an optional dependency on a disabled service is dropped, a required one refused")
    func disabledDependency() throws {
        let other = "  b: {image: b, profiles: [p]}\n"
        #expect(
            try load(web("depends_on: {b: {required: false}}") + other)[service: "web"]?.dependencies == []
        )
        #expect(
            mistake(web("depends_on: [b]") + other)
                == "compose.yaml:4:18: 'web' depends on 'b', which needs one of the profiles p"
        )
    }

    @Test("dependencies come first, circles are refused with the circle")
    func order() throws {
        let project = try load(
            "services:\n  a: {image: i, depends_on: [c]}\n  b: {image: i}\n  c: {image: i, depends_on: [d, b]}\n  d: {image: i}"
        )
        #expect(try project.startOrder().map(\.name) == ["d", "b", "c", "a"])
        #expect(project.selection(["c"], withDependencies: true) == ["b", "c", "d"])
        #expect(project.selection(["c"], withDependencies: false) == ["c"])
        #expect(
            mistake(
                "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: i, depends_on: [c]}\n  c: {image: i, depends_on: [b]}"
            )
                == "compose.yaml:3:6: services depend on each other in a circle: b → c → b"
        )
    }

    @Test("unset variables are remarked once")
    func remarks() throws {
        let project = try load("services: {web: {image: 'i${X}${X}${Y:-1}'}}")
        #expect(project.remarks == ["the variable 'X' is not set, it counts as empty"])
        #expect(project.services[0].image == "i1")
    }

    @Test("x-mayfly makes a function, whose keys keep their places")
    func functions() throws {
        let text =
            web(
                "environment: {A: 1}\ndepends_on: [redis]\nx-mayfly:\n  contract: http\n  routes: [GET /a]\n  limits: {memory: 64Mi}"
            ) + "  redis: {image: r}\n"
        let function = try #require(try load(text)[service: "web"]?.function)
        #expect(function["contract"]?.scalar == "http")
        #expect(function["limits"]?.place == SourcePlace(file: "compose.yaml", line: 9, column: 15))
        #expect(
            mistake(web("ports: ['80:80']\nx-mayfly: {}"))
                == "compose.yaml:4:5: 'ports' has no effect on 'web', which is a function: set it in x-mayfly, or leave it out"
        )
        #expect(
            mistake(
                web("x-mayfly: {}") + "  b: {image: b, depends_on: {web: {condition: service_healthy}}}\n"
            )
                == "compose.yaml:5:35: 'web' is a function: it is never healthy, expected service_started"
        )
    }
}
