// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compose
import Foundation
import FunctionModel
import GatewayAPI
import Testing

@testable import faasctl

@Suite("containers of services")
struct ServiceContainerTests {
    private func session(_ text: String) throws -> ComposeSession {
        let sources = ComposeSources(environment: [:], folder: "/srv/shop", home: nil) { _ in .missing }
        let project = try ComposeLoader(sources: sources).load([(file: "compose.yaml", text: text)])
        return ComposeSession(
            client: GatewayClient(address: "http://127.0.0.1:1", credentials: nil),
            global: try GlobalOptions.parse([]),
            files: ComposeFiles(
                files: [],
                paths: ["/srv/shop/compose.yaml"],
                folder: "/srv/shop",
                environment: [:]
            ),
            project: project,
            plan: ComposePlan(project: project, order: try project.startOrder()),
            functions: [:]
        )
    }

    private func request(_ body: String, number: Int? = 1) throws -> ContainerRequest {
        let session = try session(
            "services: {web: {image: i, \(body)}}\nvolumes: {data: }\nsecrets: {s: {file: s.txt}}\nconfigs: {c: {file: c.txt}}"
        )
        return try ServiceContainer(session: session, service: session.project.services[0]).request(
            number: number
        )
    }

    @Test("take every key of the service")
    func keys() throws {
        let request = try request(
            """
            command: [a, b], entrypoint: e, environment: {B: 2, A: 1}, user: "5", working_dir: /w, hostname: h, read_only: true, \
            tty: true, stdin_open: true, mem_limit: 64m, cpus: 0.5, pids_limit: 9, cap_add: [CHOWN], cap_drop: [ALL], \
            stop_signal: SIGQUIT, stop_grace_period: 1m, restart: on-failure:3, tmpfs: /t:size=1m
            """
        )
        #expect(request.image == "i" && request.name == "shop-web-1")
        #expect(request.command == ["a", "b"] && request.entrypoint == ["e"])
        #expect(request.environment == ["A=1", "B=2"])
        #expect(request.user == "5" && request.workingDirectory == "/w" && request.hostname == "h")
        #expect(request.readOnlyRoot && request.hasTerminal && request.hasInput)
        #expect(
            request.memory == ByteCount.mebibytes(64) && request.cpu == Millicores(count: 500)
                && request.pids == 9
        )
        #expect(request.addedCapabilities == ["CHOWN"] && request.droppedCapabilities == ["ALL"])
        #expect(request.stopSignal == "SIGQUIT" && request.stopTimeout == 60)
        #expect(request.restart == .onFailure(max: 3))
        #expect(request.tmpfs == [ContainerMemoryFolder(target: "/t", size: ByteCount.mebibytes(1))])
    }

    @Test("mount paths, volumes of the project, secrets and configurations")
    func mounts() throws {
        let request = try request(
            "volumes: [./code:/code:ro, data:/d, /anon/x], secrets: [s, {source: s, target: /k}], configs: [c]"
        )
        #expect(
            request.volumes == [
                ContainerVolume(source: "/srv/shop/code", target: "/code", readOnly: true),
                ContainerVolume(source: "shop_data", target: "/d", readOnly: false),
                ContainerVolume(source: "shop_web-anon-x", target: "/anon/x", readOnly: false),
                ContainerVolume(source: "/srv/shop/s.txt", target: "/run/secrets/s", readOnly: true),
                ContainerVolume(source: "/srv/shop/s.txt", target: "/k", readOnly: true),
                ContainerVolume(source: "/srv/shop/c.txt", target: "/c", readOnly: true),
            ]
        )
    }

    @Test("have Docker's labels, and a hash that changes with what they are made of only")
    func labels() throws {
        let first = try request("labels: {own: x}").labels
        #expect(first["own"] == "x")
        #expect(first["com.docker.compose.project"] == "shop")
        #expect(first["com.docker.compose.service"] == "web")
        #expect(first["com.docker.compose.container-number"] == "1")
        #expect(first["com.docker.compose.oneoff"] == "False")
        #expect(first["com.docker.compose.project.config_files"] == "/srv/shop/compose.yaml")
        let hash = try #require(first["com.docker.compose.config-hash"])
        #expect(hash.count == 64)
        #expect(
            try request("labels: {own: x}, profiles: []").labels["com.docker.compose.config-hash"] == hash
        )
        #expect(try request("labels: {own: y}").labels["com.docker.compose.config-hash"] != hash)
        #expect(try request("labels: {own: x}", number: nil).labels["com.docker.compose.oneoff"] == "True")
    }

    @Test("of compose run follow no restart policy")
    func oneOff() throws {
        #expect(try request("restart: always", number: nil).restart == .no)
        #expect(try request("restart: always").restart == .always)
    }
}
