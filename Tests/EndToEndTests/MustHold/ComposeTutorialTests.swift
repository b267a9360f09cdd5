// SPDX-License-Identifier: Apache-2.0
// The compose tutorial that people type for Docker, line by line: a web server in Python beside a real redis, both from a
// distribution's root.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct ComposeTutorialTests {
        // Flask has no handler of SIGTERM, and as PID 1 it takes the whole grace, as with Docker: -t shortens it.

        private static let app = """
            import time

            import redis
            from flask import Flask

            app = Flask(__name__)
            cache = redis.Redis(host='redis', port=6379)

            def get_hit_count():
                retries = 5
                while True:
                    try:
                        return cache.incr('hits')
                    except redis.exceptions.ConnectionError as exc:
                        if retries == 0:
                            raise exc
                        retries -= 1
                        time.sleep(0.5)

            @app.route('/')
            def hello():
                count = get_hit_count()
                return f'Hello World! I have been seen {count} times.\\n'

            """
        private static let dockerfile = """
            FROM debian:test
            WORKDIR /code
            ENV FLASK_APP=app.py
            ENV FLASK_RUN_HOST=0.0.0.0
            EXPOSE 5000
            COPY . .
            CMD ["flask", "run"]

            """
        /// What the tutorial pulls.
        private static let redis = """
            FROM debian:test
            VOLUME /data
            WORKDIR /data
            EXPOSE 6379
            CMD ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"]

            """

        private static func project(_ port: Int) -> String {
            """
            services:
              web:
                build: .
                ports:
                  - "\(port):5000"
                depends_on:
                  redis:
                    condition: service_healthy
              redis:
                image: "redis:alpine"
                volumes:
                  - redis-data:/data
                healthcheck:
                  test: ["CMD", "redis-cli", "ping"]
                  interval: 1s
            volumes:
              redis-data:

            """
        }

        /// A shell in the project's folder, where `docker` is faasctl.
        private struct Shell {
            let gateway: GatewayUnderTest
            let folder: TemporaryFolder

            func run(_ line: String) async throws -> CommandResult {
                let script =
                    "cd '\(folder.url.path)' && docker() { '\(Fixtures.faasctl)' \"$@\"; } && \(line)"
                let variables = ["FAASCTL_GATEWAY": gateway.address, "MAYFLY_DATA_DIR": gateway.dataFolder]
                return try await Command.run("/bin/bash", ["-c", script], environment: variables)
            }

            @discardableResult
            func callAsFunction(_ line: String) async throws -> String {
                let result = try await run(line)
                guard result.code == 0 else {
                    throw HarnessError("\(line): \(result.code) \(result.error)\(gateway.logText)")
                }
                return result.text
            }
        }

        private func with(_ body: (Shell, Int) async throws -> Void) async throws {
            try await DebianBase.with(tag: "debian:test") { gateway in
                let server = try TemporaryFolder()
                defer { server.remove() }
                try server.write(Self.redis, to: "Dockerfile")
                try await gateway.require("build", server.url.path, "-t", "redis:alpine")
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let port = try RegistryUnderTest.freePort()
                try folder.write(Self.app, to: "composetest/app.py")
                try folder.write(Self.dockerfile, to: "composetest/Dockerfile")
                try folder.write(Self.project(port), to: "composetest/compose.yaml")
                try await body(Shell(gateway: gateway, folder: folder), port)
            }
        }

        @Test("up, four requests, ps, logs, a change and up --build, down and up again, down -v")
        func session() async throws {
            try await with { shell, port in
                let web = "cd composetest && "
                try await shell(web + "docker compose up -d")
                // Flask may not listen yet.
                let ask = "curl -sf --retry 40 --retry-delay 1 --retry-all-errors http://localhost:\(port)/"
                for count in 1...4 {
                    #expect(try await shell(ask) == "Hello World! I have been seen \(count) times.\n")
                }
                let table = try await shell(web + "docker compose ps")
                for row in ["composetest-web-1", "composetest-redis-1", "->5000/tcp", "(healthy)"] {
                    #expect(table.contains(row), "\(row): \(table)")
                }
                let logs = try await shell(web + "docker compose logs")
                #expect(logs.contains("Ready to accept connections"), "\(logs)")
                #expect(logs.contains("web-1") && logs.contains("GET / HTTP/1.1"), "\(logs)")
                let processes = try await shell(web + "docker top composetest-redis-1 -o pid,args")
                #expect(processes.contains("redis-server 0.0.0.0:6379"), "\(processes)")

                try await shell(
                    web + "sed -i 's/World/from Docker/' app.py && docker compose up --build -d -t 1"
                )
                #expect(try await shell(ask) == "Hello from Docker! I have been seen 5 times.\n")

                try await shell(web + "docker compose stop -t 1")
                #expect(try await shell(web + "docker compose ps -q").isEmpty)
                try await shell(web + "docker compose start")
                #expect(try await shell(ask) == "Hello from Docker! I have been seen 6 times.\n")

                try await shell(web + "docker compose down")
                #expect(try await shell("docker ps -aq").isEmpty)
                #expect(try await shell.run(ask.replacing("--retry 40", with: "--retry 0")).code != 0)
                #expect(try await shell("docker volume ls -q") == "composetest_redis-data\n")
                try await shell(web + "docker compose up -d")
                #expect(try await shell(ask) == "Hello from Docker! I have been seen 7 times.\n")

                try await shell(web + "docker compose down -v -t 1")
                #expect(try await shell("docker volume ls -q").isEmpty)
                #expect(try await shell("docker network ls -q").isEmpty)
                try await shell(web + "docker compose up -d")
                #expect(try await shell(ask) == "Hello from Docker! I have been seen 1 times.\n")
                try await shell(web + "docker compose down -v -t 1")
            }
        }
    }
}
