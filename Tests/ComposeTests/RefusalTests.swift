// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compose

@Suite("what is refused, with its place")
struct RefusalTests {
    @Test(
        "mistakes of a file",
        arguments: [
            ("- a", "compose.yaml:1:1: the file is a list, expected a map"),
            ("services:", "compose.yaml:1:1: 'services' is missing, expected a map from names to services"),
            ("services: {}", "compose.yaml:1:11: 'services' is empty"),
            ("services: [a]", "compose.yaml:1:11: 'services' is a list, expected a map"),
            ("servces: {}", "compose.yaml:1:1: unknown key 'servces' (did you mean 'services'?)"),
            (
                "include: [a]\nservices: {a: {image: i}}",
                "compose.yaml:1:1: 'include' is not supported: name the files with several -f"
            ),
            ("services: {a: }", "compose.yaml:1:15: 'services.a' is empty, expected a map"),
            (
                "services: {'a b': {image: i}}",
                "compose.yaml:1:12: 'a b' is not a service's name, expected letters, digits, '_', '.' and '-'"
            ),
            (
                "services: {a: {command: x}}",
                "compose.yaml:1:15: 'services.a' has neither 'image' nor 'build'"
            ),
            (
                "services: {a: {image: i}, a: {image: j}}",
                "compose.yaml:1:12: key 'a' occurs twice in one map"
            ),
            (
                "services: {a: {image: '${N:?set it}'}}",
                "compose.yaml:1:23: the variable 'N' is required: set it"
            ),
            (
                "services: {a: {image: '$'}}",
                "compose.yaml:1:23: '$' is not a variable, expected $NAME or ${NAME}; write $$ for a dollar sign"
            ),
            ("services:\n  a:\n   image: i\n  - b", "compose.yaml:4:3: did not find expected key"),
        ]
    )
    func file(text: String, message: String) { #expect(mistake(text) == message) }

    @Test(
        "mistakes of a service",
        arguments: [
            ("imege: x", "4:5: unknown key 'imege' in 'services.web' (did you mean 'image'?)"),
            (
                "privileged: true",
                "4:5: 'privileged' in 'services.web' is not supported: no container gets the privileges of the host; name capabilities in cap_add"
            ),
            (
                "links: [a]",
                "4:5: 'links' in 'services.web' is not supported: services of one network reach each other by name; order them with depends_on"
            ),
            (
                "build: {context: ., ssh: x}",
                "4:25: 'ssh' in 'services.web.build' is not supported: the builder has no such setting"
            ),
            ("build: {context: ., foo: x}", "4:25: unknown key 'foo' in 'services.web.build'"),
            (
                "deploy: {replicas: 3}",
                "4:14: 'replicas' in 'services.web.deploy' is not supported: a project runs one container of each service"
            ),
            ("depends_on: [db]", "4:18: 'web' depends on 'db', which is no service"),
            ("depends_on: [we]", "4:18: 'web' depends on 'we', which is no service (did you mean 'web'?)"),
            ("depends_on: [web]", "3:5: services depend on each other in a circle: web → web"),
            (
                "depends_on: {web: {condition: healthy}}",
                "4:35: services.web.depends_on.web.condition: 'healthy' is not valid, expected service_started, service_healthy, service_completed_successfully"
            ),
            (
                "networks: [front]",
                "4:16: 'web' uses the network 'front', which is not declared under 'networks'"
            ),
            (
                "networks: {default: {ipv4_address: 1.2.3.4}}",
                "4:26: 'ipv4_address' in 'services.web.networks.default' is not supported: services are reached by name"
            ),
            (
                "network_mode: host",
                "4:19: network_mode: 'host' is not valid, expected none; name a network in 'networks' otherwise"
            ),
            (
                "volumes: ['data:/d']",
                "4:15: 'web' uses the volume 'data', which is not declared under 'volumes'"
            ),
            (
                "volumes: ['./a:/d:z']",
                "4:15: services.web.volumes[0]: the mode 'z' is not supported, expected ro or rw"
            ),
            (
                "volumes: ['./a:d']",
                "4:15: services.web.volumes[0].target: 'd' is not valid, expected an absolute path other than /"
            ),
            ("volumes: ['./a:/d', './b:/d']", "4:25: 'services.web' has two mounts at '/d'"),
            (
                "volumes: [{type: npipe, target: /a}]",
                "4:22: services.web.volumes[0].type: 'npipe' is not valid, expected bind, volume or tmpfs"
            ),
            ("secrets: [s]", "4:15: 'web' uses the secret 's', which is not declared under 'secrets'"),
            (
                "restart: sometimes",
                "4:14: services.web.restart: 'sometimes' is not valid, expected no, always, unless-stopped, on-failure or on-failure:N"
            ),
            ("init: maybe", "4:11: services.web.init: 'maybe' is not valid, expected true or false"),
            (
                "stop_signal: SIGFOO",
                "4:18: services.web.stop_signal: 'SIGFOO' is not valid, expected a signal such as SIGTERM"
            ),
            (
                "mem_limit: lots",
                "4:16: services.web.mem_limit: 'lots' is not valid, expected a size such as 50M, 1.5g or 1048576"
            ),
            ("cpus: 0", "4:11: services.web.cpus: '0' is not valid, expected cores such as 500m, 1 or 1.5"),
            ("working_dir: a", "4:18: services.web.working_dir: 'a' is not valid, expected an absolute path"),
            ("command: 'a \"b'", "4:14: services.web.command: a quote is not closed"),
            (
                "labels: {com.docker.compose.project: x}",
                "4:13: the label 'com.docker.compose.project' is Mayfly's own"
            ),
            ("environment: {'': x}", "4:18: '' is not a variable's name"),
            ("pull_policy: build", "4:18: services.web.pull_policy: 'build' needs the key 'build'"),
            (
                "healthcheck: {retries: 0}",
                "4:28: services.web.healthcheck.retries: '0' is not valid, expected a whole number from 1 to 1000"
            ),
            (
                "tmpfs: '/t:exec'",
                "4:12: services.web.tmpfs[0]: the option 'exec' is not supported, expected size="
            ),
            (
                "tmpfs: '/t:mode=700'",
                "4:12: services.web.tmpfs[0]: the option 'mode=700' is not supported, expected size="
            ),
            (
                "secrets: [{source: s, mode: 0400}]",
                "4:27: 'mode' in 'services.web.secrets[0]' is not supported: the file has the owner and mode that it has on the host"
            ),
            (
                "deploy: {resources: {reservations: {cpus: 1}}}",
                "4:26: 'reservations' in 'services.web.deploy.resources' is not supported: the host's resources are not reserved"
            ),
            ("extra_hosts: [a]", "4:18: the host 'a' has no address"),
        ]
    )
    func service(body: String, message: String) {
        #expect(
            mistake(web(body)) == "compose.yaml:"
                + message.replacing("network_mode:", with: "services.web.network_mode:")
        )
    }

    @Test("two services do not want the same name or port")
    func conflicts() {
        let text = "services:\n  a: {image: i, container_name: x}\n  b: {image: i, container_name: x}"
        #expect(mistake(text) == "compose.yaml:3:6: 'a' and 'b' both have the container name 'x'")
        let ports = "services:\n  a: {image: i, ports: ['80:80']}\n  b: {image: i, ports: ['80:81']}"
        #expect(mistake(ports) == "compose.yaml:3:6: 'a' and 'b' both publish the port *:80/tcp")
        #expect(mistake(ports.replacing("80:81", with: "80:81/udp")) == nil)
    }

    @Test(
        "mistakes of shared things",
        arguments: [
            ("volumes: {d: {driver: nfs}}", "volumes.d.driver: 'nfs' is not valid, expected local"),
            ("volumes: {d: {driver_opts: {}}}", "'driver_opts' in 'volumes.d' is not supported"),
            ("networks: {n: {ipam: {}}}", "'ipam' in 'networks.n' is not supported"),
            ("networks: {n: {driver: overlay}}", "networks.n.driver: 'overlay' is not valid"),
            ("secrets: {s: {}}", "'secrets.s' has no 'file'"),
            (
                "secrets: {s: {file: a, environment: B}}",
                "'environment' in 'secrets.s' is not supported: files are mounted"
            ),
            ("configs: {c: {content: x}}", "'content' in 'configs.c' is not supported: files are mounted"),
            (
                "secrets: {s: {external: true}}",
                "'external' in 'secrets.s' is not supported: files are mounted"
            ),
            ("volumes: {d: {external: {name: x}}}", "'volumes.d.external' is a map, expected true or false"),
        ]
    )
    func shared(text: String, message: String) {
        let found = mistake("services: {web: {image: i}}\n" + text) ?? "accepted"
        #expect(found.hasPrefix("compose.yaml:2:") && found.contains(message), "\(found)")
    }

    @Test("every key of the specification that has no effect is refused with a reason")
    func refusedKeys() {
        for (key, reason) in ComposeSchema.serviceRefused {
            #expect(
                mistake(web("\(key): x"))
                    == "compose.yaml:4:5: '\(key)' in 'services.web' is not supported: \(reason)"
            )
            #expect(!ComposeSchema.service.contains(key))
        }
    }

    @Test("sizes are bounded")
    func bounds() {
        let services = (0...256).map { "  s\($0): {image: i}\n" }.joined()
        #expect(mistake("services:\n" + services)?.contains("more than 256 services") == true)
        let large = "services: {web: {image: i}}\n#" + String(repeating: "x", count: 1 << 20)
        #expect(mistake(large) == "compose.yaml: it is larger than 1024 KiB")
    }

    @Test("a mistake in a second file names that file")
    func secondFile() {
        #expect(
            mistake("services: {web: {image: i}}", "services:\n  web: {restart: x}")?
                .hasPrefix("override.yaml:2:18: services.web.restart: 'x' is not valid") == true
        )
    }
}
