// SPDX-License-Identifier: Apache-2.0

import FunctionModel
import Testing

@testable import Compose

@Suite("short and long forms of a service")
struct ServiceFormTests {
    @Test("environment as map and as list; a name alone is the client's variable")
    func environment() throws {
        let variables = ["HERE": "h"]
        let map = try service(
            "environment:\n  A: 1\n  B: true\n  C: ''\n  HERE:\n  GONE:",
            environment: variables
        )
        let list = try service("environment: [A=1, B=true, C=, HERE, GONE]", environment: variables)
        #expect(map.environment == ["A": "1", "B": "true", "C": "", "HERE": "h"])
        #expect(list.environment == map.environment)
        #expect(try service("environment: ['A=b=c=']").environment == ["A": "b=c="])
    }

    @Test("files of variables come before the service's own, in their order")
    func environmentFiles() throws {
        let files = ["/srv/shop/a.env": "A=1\nB=$HOME_OF\nC=3", "/srv/shop/b.env": "A=2"]
        let both = try service(
            "env_file: [a.env, ./b.env]\nenvironment: {C: own}",
            files: files,
            environment: ["HOME_OF": "h"]
        )
        #expect(both.environment == ["A": "2", "B": "h", "C": "own"])
        let long = try service(
            "env_file:\n  - {path: gone.env, required: false}\n  - {path: a.env, format: raw}",
            files: files
        )
        #expect(long.environment["B"] == "$HOME_OF")
        #expect(
            mistake(web("env_file: gone.env"))
                == "compose.yaml:4:15: services.web.env_file[0].path: '/srv/shop/gone.env' does not exist"
        )
    }

    @Test("commands as text and as list")
    func commands() throws {
        let web = try service("command: python app.py \"a b\"\nentrypoint: ['']\n")
        #expect(web.command == ["python", "app.py", "a b"])
        #expect(web.entrypoint == [""])
        #expect(try service("command: []").command == [])
        #expect(try service("command:").command == nil)
    }

    @Test(
        "short forms of ports",
        arguments: [
            ("8000:80", ["8000:80/tcp"]), ("80", ["80/tcp"]), ("80/udp", ["80/udp"]),
            ("127.0.0.1:8000:80", ["127.0.0.1:8000:80/tcp"]), ("127.0.0.1::80", ["127.0.0.1::80/tcp"]),
            ("'[::1]:8000:80'", ["[::1]:8000:80/tcp"]),
            ("8000-8002:80-82", ["8000:80/tcp", "8001:81/tcp", "8002:82/tcp"]),
            ("80-81", ["80/tcp", "81/tcp"]), ("65535:65535", ["65535:65535/tcp"]),
        ]
    )
    func ports(text: String, expected: [String]) throws {
        #expect(try service("ports: [\(text)]").ports.map(\.text) == expected)
    }

    @Test(
        "ports that are none",
        arguments: [
            "0:80", "65536:80", "a:80", "80/sctp", "80/tcp/udp", "1:2:3:4", "':'", "a.b:80:80", "1.2.3:80:80",
            "'[x]:80:80'", "':80:80'", "8000-8001:80", "82-80",
            "1-1000:1-1000", "'[::1:80:80'", "-1",
        ]
    )
    func badPorts(text: String) {
        let message = mistake(web("ports: [\(text)]")) ?? "accepted"
        #expect(message.hasPrefix("compose.yaml:4:13: services.web.ports[0]"), "\(message)")
    }

    @Test("the long form of ports")
    func longPorts() throws {
        let web = try service(
            "ports:\n  - {target: 80, published: '8080', host_ip: 0.0.0.0, protocol: udp, mode: host, name: w}"
        )
        #expect(web.ports == [ComposePort(hostAddress: "0.0.0.0", published: 8080, target: 80, isUDP: true)])
        #expect(mistake(webWithPort("published: 1"))?.contains("has no 'target'") == true)
        #expect(
            mistake(webWithPort("target: 80, published: '1-2'"))?.contains("whole number from 1 to 65535")
                == true
        )
    }

    private func webWithPort(_ port: String) -> String { web("ports: [{\(port)}]") }

    @Test("short forms of volumes: paths, names, and memory")
    func volumes() throws {
        let text = web(
            "volumes: [./code:/code:ro, data:/data, /anon, ~/k:/k:rw, /abs:/abs]\ntmpfs: [/run, '/t:size=64m']"
        )
        let mounts = try load(text + "volumes: {data: }")[service: "web"]?.mounts ?? []
        #expect(
            mounts.map(\.source) == [
                .bind("/srv/shop/code", createsPath: true), .volume("data"), .anonymous,
                .bind("/home/ada/k", createsPath: true), .bind("/abs", createsPath: true),
                .temporary(size: nil), .temporary(size: ByteCount(bytes: 64 << 20)),
            ]
        )
        #expect(mounts.map(\.target) == ["/code", "/data", "/anon", "/k", "/abs", "/run", "/t"])
        #expect(mounts.map(\.isReadOnly) == [true, false, false, false, false, false, false])
    }

    @Test("long forms of volumes")
    func longVolumes() throws {
        let web = try service(
            """
            volumes:
              - {type: bind, source: ./code, target: /code, read_only: true, bind: {create_host_path: false}}
              - {type: tmpfs, target: /run, tmpfs: {size: 1048576}}
              - {type: volume, target: /anon}
            """
        )
        #expect(
            web.mounts.map(\.source) == [
                .bind("/srv/shop/code", createsPath: false),
                .temporary(size: ByteCount(bytes: 1 << 20)), .anonymous,
            ]
        )
        #expect(web.mounts[0].isReadOnly)
    }

    @Test("dependencies as list and with conditions")
    func dependencies() throws {
        let others = "  a: {image: a}\n  b: {image: b}\n"
        let list = try load(web("depends_on: [a, b]") + others)[service: "web"]
        #expect(list?.dependencies.map(\.service) == ["a", "b"])
        #expect(list?.dependencies.map(\.condition) == [.started, .started])
        let long =
            "depends_on:\n  a: {condition: service_healthy, restart: true}\n  b: {condition: service_completed_successfully, required: false}"
        let map = try load(web(long) + others)[service: "web"]
        #expect(map?.dependencies.map(\.condition) == [.healthy, .completed])
        #expect(map?.dependencies.map(\.restarts) == [true, false])
        #expect(map?.dependencies.map(\.isRequired) == [true, false])
    }

    @Test("health checks")
    func healthchecks() throws {
        let text = try service(
            "healthcheck: {test: curl -f localhost, interval: 1m30s, timeout: 10s, retries: 3, start_period: 40s, start_interval: 5s}"
        )
        #expect(text.healthcheck?.test == ["CMD-SHELL", "curl -f localhost"])
        #expect(text.healthcheck?.interval == TimeSpan.seconds(90))
        #expect(text.healthcheck?.retries == 3)
        #expect(
            try service("healthcheck: {test: [CMD, redis-cli, ping]}").healthcheck?.test == [
                "CMD", "redis-cli", "ping",
            ]
        )
        #expect(try service("healthcheck: {disable: true}").healthcheck?.isDisabled == true)
        #expect(try service("healthcheck: {test: NONE}").healthcheck?.isDisabled == true)
        #expect(mistake(web("healthcheck: {test: [curl]}"))?.contains("expected [\"CMD\"") == true)
    }

    @Test("limits have two places, which may not differ; sizes are powers of 1024")
    func limits() throws {
        let old = try service("mem_limit: 50M\ncpus: 0.5\npids_limit: 10").limits
        let new = try service(
            "deploy: {resources: {limits: {memory: 50mb, cpus: '0.50', pids: 10}}}"
        ).limits
        #expect(old.memory?.bytes == 52_428_800)
        #expect(old == new)
        #expect(mistake(web("cpus: 1\ndeploy: {resources: {limits: {cpus: 2}}}"))?.contains("differ") == true)
    }

    @Test(
        "restart policies",
        arguments: [
            ("restart: always", "always"), ("restart: 'no'", "no"), ("restart: no", "no"),
            ("restart: unless-stopped", "unless-stopped"),
            ("restart: on-failure", "on-failure"), ("restart: on-failure:5", "on-failure:5"),
            ("tty: false", "no"),
            ("deploy: {restart_policy: {condition: on-failure, max_attempts: 3}}", "on-failure:3"),
            ("deploy: {restart_policy: {condition: any}}", "always"),
        ]
    )
    func restarts(text: String, expected: String) throws {
        #expect(try service(text).restart.text == expected)
    }

    @Test("the rest of the process")
    func process() throws {
        let web = try service(
            """
            user: "1000:1000"
            working_dir: /srv
            hostname: h
            container_name: my.web
            init: true
            read_only: true
            tty: true
            stdin_open: yes
            attach: false
            stop_signal: SIGQUIT
            stop_grace_period: 1m30s
            cap_add: [NET_ADMIN, cap_chown]
            cap_drop: [ALL]
            extra_hosts: ["a:10.0.0.1", "b=::1"]
            expose: [80, "53/udp"]
            labels: [a=b, c]
            """
        )
        #expect(web.user == "1000:1000" && web.workingDirectory == "/srv" && web.hostname == "h")
        #expect(web.containerName(project: "shop", number: 1) == "my.web")
        #expect(web.hasInit && web.isReadOnly && web.hasTerminal && web.hasOpenInput && !web.isAttached)
        #expect(web.stopSignal == "SIGQUIT" && web.stopGracePeriod == TimeSpan.seconds(90))
        #expect(web.addedCapabilities == ["NET_ADMIN", "CHOWN"] && web.droppedCapabilities == ["ALL"])
        #expect(web.extraHosts == ["a:10.0.0.1", "b:::1"])
        #expect(web.expose == ["80", "53/udp"])
        #expect(web.labels == ["a": "b", "c": ""])
    }

    @Test("builds as folder and with settings")
    func builds() throws {
        let short = try load("services: {web: {build: ./web}}")[service: "web"]
        #expect(short?.build == ComposeBuild(context: "/srv/shop/web"))
        #expect(short?.imageName(project: "shop") == "shop-web")
        let long = try load(
            "services: {web: {build: {context: ., dockerfile: D, args: [A=1], target: t, no_cache: true}, image: i}}"
        )[service: "web"]
        #expect(
            long?.build
                == ComposeBuild(
                    context: "/srv/shop",
                    dockerfile: "D",
                    arguments: ["A": "1"],
                    target: "t",
                    noCache: true
                )
        )
        #expect(long?.imageName(project: "shop") == "i")
        #expect(
            mistake("services: {web: {build: 'https://example.org/a.git'}}")?.contains(
                "repositories are not fetched"
            ) == true
        )
    }
}
