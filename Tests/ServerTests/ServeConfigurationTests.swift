// SPDX-License-Identifier: Apache-2.0
// Options of serve: addresses, the file, and what --check prints.

import ACME
import FoundationEssentials
import FunctionModel
import Gateway
import ImageStore
import Logging
import ManifestReader
import Registry
import Scheduler
import Testing

@testable import Server

@Suite struct ServeConfigurationTests {
    @Test(
        "addresses are read with every usual form",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1:8080"), (":9", "0.0.0.0:9"), ("9", "127.0.0.1:9"),
            ("[::1]:0", "[::1]:0"), ("example.com:80", "example.com:80"),
        ]
    )
    func readsAddresses(text: String, whole: String) throws {
        #expect(try ListenAddress(text, field: "--listen").description == whole)
    }

    @Test(
        "what is no address is refused",
        arguments: ["", "a", "a:b", "1:2:3", "[::1:3", "[]:3", ":65536", ":-1"]
    )
    func refusesAddresses(text: String) {
        #expect(throws: ModelError.self) { try ListenAddress(text, field: "--listen") }
    }

    @Test("what --check prints is a configuration file with the same meaning")
    func printsItself() throws {
        var first = ServeConfiguration(dataDirectory: "/data")
        let text = """
            listen: "[::1]:0"
            data_dir: /elsewhere
            log_level: debug
            access_log_level: info
            sandboxes_max: 12
            drain_timeout: 5s
            host_mounts: false
            admin_hosts: [faas.example.org, "*"]
            trusted_proxies: [127.0.0.1]
            proxy_protocol: true
            metrics_auth: basic
            metrics_listen: "[::1]:9100"
            otlp: "http://127.0.0.1:4318/v1/traces"
            allow_root: true
            build_allow: [10.1.0.0/16, 127.0.0.1]
            limits: {connections: 9, header_count: 8, header_field: 7Ki, headers: 6Ki, idle_timeout: 5s,
                     target: 2Ki, head_timeout: 4s, body_timeout: 3s, upload: 4Mi, admin_body: 3Ki}
            registries:
              mirrors: {docker.io: ["m.example", "http://n.example:5000"]}
              plain_http: {"registry.lan:5000": true}
            tls: {certificates: [{cert: /c, key: /k}, {cert: /d, key: /l}], client_ca: /r, redirect: ":80",
                  acme: {domains: [A.example], url: "https://ca.example/d", email: a@b.example, agree_terms: true, ca: /a}}
            """
        try ServeConfigurationFile.apply(text, file: "f", to: &first)
        #expect(first.tls.pairs.map(\.key) == ["/k", "/l"] && first.tls.clientRoots == "/r")
        #expect(first.gateway.redirect?.port == 80)
        #expect(first.gateway.redirect?.hosts == ["faas.example.org", "a.example"])
        #expect(first.tls.acme.authority == "https://ca.example/d" && first.tls.acme.email == "a@b.example")
        #expect(first.tls.acme.agreesToTerms && first.tls.acme.roots == "/a")
        #expect(first.listen.port == 0)
        #expect(first.limits.connectionsMax == 9)
        #expect(!first.hostMounts)
        #expect(first.gateway.adminHosts == ["faas.example.org", "*"])
        #expect(first.gateway.metricsNeedCredentials)
        #expect(first.gateway.metrics?.host == "::1" && first.gateway.metrics?.port == 9100)
        #expect(first.otlp?.port == 4318)
        #expect(first.allowsRoot)
        #expect(first.gateway.proxyProtocol)
        #expect(first.gateway.limits.bodyTimeout == .seconds(3))
        #expect(first.gateway.limits.headTimeout == .seconds(4))
        #expect(first.gateway.limits.targetBytesMax == 2048)
        #expect(first.gateway.buildAllow.map(\.text) == ["10.1.0.0/16", "127.0.0.1/32"])
        #expect(first.limits.uploadBytesMax == 4 << 20)
        #expect(first.registries.mirrors["docker.io"]?.count == 2)
        #expect(first.gateway.registries.plainHTTP == ["registry.lan:5000": true])
        var second = ServeConfiguration(dataDirectory: "/data")
        try ServeConfigurationFile.apply(first.text, file: "f", to: &second)
        #expect(second.text == first.text)
    }

    @Test("every value of the file reaches the part of the gateway that it is for")
    func reaches() throws {
        var configuration = ServeConfiguration(dataDirectory: "/data")
        let text = """
            listen: "[::1]:9"
            data_dir: /elsewhere
            access_log_level: info
            sandboxes_max: 12
            image_budget: 20Mi
            build_allow: [10.9.0.0/16]
            callback_allow: [10.8.0.0/16, 10.7.0.0/16]
            trusted_proxies: [10.6.0.0/16, 127.0.0.1]
            host_mounts: false
            run_images: {python: "python:3-slim", sh: busybox}
            lambda_runtimes: {python3.13: "lambda/python:3.13"}
            limits: {connections: 9, header_count: 8, header_field: 7Ki, headers: 6Ki, idle_timeout: 5s,
                     upload: 4Mi, admin_body: 3Ki}
            registries: {plain_http: {"registry.lan:5000": true}}
            """
        try ServeConfigurationFile.apply(text, file: "f", to: &configuration)
        let engine = configuration.engine(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(engine.dataDirectory == "/elsewhere" && engine.sandboxesMax == 12 && !engine.hostMounts)
        let gateway = configuration.gateway
        #expect(engine.callbackAllow.count == 2)
        #expect(engine.runImages.references == ["python": "python:3-slim", "sh": "busybox"])
        var again = ServeConfiguration(dataDirectory: "/data")
        try ServeConfigurationFile.apply(configuration.text, file: "f", to: &again)
        #expect(again.text == configuration.text && again.runImages == configuration.runImages)
        #expect(gateway.trustedProxies.map(\.text) == ["10.6.0.0/16", "127.0.0.1/32"])
        #expect(engine.buildAllow.count == 1 && gateway.buildAllow.count == 1)
        #expect(gateway.host == "::1" && gateway.port == 9 && gateway.accessLogLevel == .info)
        #expect(gateway.limits.headerFieldBytesMax == 7 << 10 && gateway.limits.headerBytesMax == 6 << 10)
        #expect(gateway.limits.headerCountMax == 8 && gateway.limits.idleTimeout == .seconds(5))
        #expect(gateway.limits.connectionsMax == 9 && gateway.limits.adminBodyBytesMax == 3 << 10)
        #expect(gateway.limits.uploadBytesMax == 4 << 20)
        #expect(configuration.imageBudget == (try ImageBudget("20Mi", field: "")))
        #expect(gateway.registries.plainHTTP == ["registry.lan:5000": true])
    }

    @Test(
        "a mistake in the file is reported with its place",
        arguments: [
            ("port: 3\n", "f:1:1: unknown key 'port'"),
            ("limits:\n  uplaod: 3\n", "f:2:3: unknown key 'uplaod' in 'limits' (did you mean 'upload'?)"),
            (
                "registries:\n  mirrors: {a: [x/y]}\n",
                "f:2:3: registry configuration: mirror 'x/y' of 'a' is not a host or http(s)://host[:port]"
            ),
            (
                "registries: {mirors: {}}\n",
                "f:1:14: unknown key 'mirors' in 'registries' (did you mean 'mirrors'?)"
            ),
            (
                "tls: {certificates: [{cert: /c}]}\n",
                "f:1:22: tls.certificates[0]: a certificate needs both 'cert' and 'key'"
            ),
            (
                "tls: {client_ca: /c}\n",
                "f:1:6: tls: certificates of clients need a certificate of the gateway"
            ),
            (
                "run_images:\n  a/b: c\n",
                "f:2:3: run_images: 'a/b' is not valid, expected a name without '/', ':', '@' and space"
            ),
            ("sandboxes_max: 0\n", "f:1:16: sandboxes_max: '0' is not valid, expected more than zero"),
            (
                "limits:\n  idle_timeout: 0s\n",
                "f:2:17: limits.idle_timeout: '0s' is not valid, expected more than zero"
            ),
            (
                "limits: {headers: 0Ki}\n",
                "f:1:19: limits.headers: '0' is not valid, expected more than zero"
            ),
        ]
    )
    func tellsMistakes(text: String, message: String) {
        var configuration = ServeConfiguration(dataDirectory: "/data")
        let mistake = #expect(throws: ManifestError.self) {
            try ServeConfigurationFile.apply(text, file: "f", to: &configuration)
        }
        #expect(mistake?.description == message)
    }
}
