// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compose

@Suite struct PlanTests {
    private let text = """
        services:
          web: {build: ., depends_on: {db: {condition: service_healthy}, cache: {}}, volumes: ["data:/d"]}
          db: {image: db, volumes: ["dbdata:/d"]}
          cache: {image: cache}
        volumes: {data: , dbdata: }
        """
    private let targets = ["web", "db", "cache"].reduce(into: [String: ServiceTarget]()) {
        $0[$1] = ServiceTarget(configHash: "h-\($1)", image: "i-\($1)")
    }

    private func plan(_ text: String? = nil) throws -> ComposePlan {
        let project = try load(text ?? self.text)
        return ComposePlan(project: project, order: try project.startOrder())
    }

    /// A container as `up` made it.
    private func container(_ service: String, isRunning: Bool = true) -> ObservedContainer {
        var container = ObservedContainer(id: "id-\(service)", name: "shop-\(service)-1", service: service)
        container.isRunning = isRunning
        container.configHash = "h-\(service)"
        container.image = "i-\(service)"
        return container
    }

    private func running() -> ComposeState {
        var state = ComposeState()
        state.containers = [container("web"), container("db"), container("cache")]
        state.networks = ["shop_default"]
        state.volumes = ["shop_data", "shop_dbdata"]
        return state
    }

    @Test("the first up makes shared things, then all containers, then starts them in order")
    func first() throws {
        let steps = try plan().up(UpOptions(), targets: targets, state: ComposeState())
        #expect(
            steps == [
                .createNetwork("default"), .createVolume("data"), .createVolume("dbdata"),
                .create("db"), .create("cache"), .create("web"),
                .start("db"), .start("cache"), .wait("db", .healthy, isRequired: true), .start("web"),
            ]
        )
    }

    @Test("an up without changes does nothing; a stopped container is started")
    func unchanged() throws {
        #expect(try plan().up(UpOptions(), targets: targets, state: running()) == [])
        var state = running()
        state.containers[2].isRunning = false
        #expect(try plan().up(UpOptions(), targets: targets, state: state) == [.start("cache")])
    }

    @Test("a changed configuration or image makes a new container")
    func changed() throws {
        var state = running()
        state.containers[0].configHash = "old"
        let web = state.containers[0]
        #expect(
            try plan().up(UpOptions(), targets: targets, state: state)
                == [
                    .stop(web), .remove(web), .create("web"), .wait("db", .healthy, isRequired: true),
                    .start("web"),
                ]
        )
        state = running()
        state.containers[2].image = "old"
        let cache = state.containers[2]
        #expect(
            try plan().up(UpOptions(), targets: targets, state: state)
                == [.stop(cache), .remove(cache), .create("cache"), .start("cache")]
        )
        var never = UpOptions()
        never.recreation = .never
        #expect(try plan().up(never, targets: targets, state: state) == [])
    }

    @Test("forced recreation replaces what was chosen, not its dependencies")
    func forced() throws {
        var options = UpOptions()
        options.recreation = .always
        options.services = ["web"]
        let steps = try plan().up(options, targets: targets, state: running())
        #expect(steps.contains(.create("web")))
        #expect(!steps.contains(.create("db")))
        options.services = []
        #expect(try plan().up(options, targets: targets, state: running()).contains(.create("db")))
    }

    @Test("without dependencies only the chosen service is touched, and nothing is waited for")
    func noDependencies() throws {
        var options = UpOptions()
        options.services = ["web"]
        options.withDependencies = false
        #expect(
            try plan().up(options, targets: targets, state: ComposeState())
                == [.createNetwork("default"), .createVolume("data"), .create("web"), .start("web")]
        )
    }

    @Test("--no-start and --wait")
    func startAndWait() throws {
        var options = UpOptions()
        options.starts = false
        #expect(try plan().up(options, targets: targets, state: ComposeState()).last == .create("web"))
        options.starts = true
        options.waits = true
        #expect(
            try plan().up(options, targets: targets, state: running())
                == [.waitUntilUp("db"), .waitUntilUp("cache"), .waitUntilUp("web")]
        )
    }

    @Test("a service with restart: true follows a replaced dependency")
    func follows() throws {
        let text =
            "services:\n  web: {image: w, depends_on: {db: {condition: service_started, restart: true}}}\n  db: {image: d}"
        var state = running()
        state.containers.removeLast()
        state.containers[1].configHash = "old"
        let (web, db) = (state.containers[0], state.containers[1])
        #expect(
            try plan(text).up(UpOptions(), targets: targets, state: state)
                == [.stop(db), .remove(db), .create("db"), .start("db"), .stop(web), .start("web")]
        )
    }

    @Test("orphans are kept unless asked; a disabled service is none")
    func orphans() throws {
        var state = running()
        let old = container("old", isRunning: false)
        state.containers.append(old)
        #expect(try plan().up(UpOptions(), targets: targets, state: state) == [])
        #expect(try plan().orphans(in: state) == [old])
        var options = UpOptions()
        options.removesOrphans = true
        #expect(try plan().up(options, targets: targets, state: state) == [.remove(old)])
        let disabled = text + "\n".replacing("\n", with: "")
        let withProfile = disabled.replacing("  cache:", with: "  old: {image: o, profiles: [p]}\n  cache:")
        #expect(try plan(withProfile).orphans(in: state) == [])
    }

    @Test("external things must exist")
    func external() throws {
        let text =
            "services: {web: {image: i, volumes: ['v:/v']}}\nvolumes: {v: {external: true, name: theirs}}"
        let plan = try plan(text)
        #expect(throws: ComposePlanError.externalMissing(kind: "volume", name: "theirs")) {
            try plan.up(UpOptions(), targets: targets, state: ComposeState())
        }
        var state = ComposeState()
        state.volumes = ["theirs"]
        #expect(try plan.up(UpOptions(), targets: targets, state: state).contains(.create("web")))
    }

    @Test("unknown services are refused")
    func unknown() throws {
        var options = UpOptions()
        options.services = ["x"]
        let plan = try plan()
        #expect(throws: ComposePlanError.unknownService("x", known: ["web", "db", "cache"])) {
            try plan.up(options, targets: targets, state: ComposeState())
        }
    }

    @Test("images are built or pulled when they are missing, or when asked")
    func images() throws {
        let plan = try plan()
        let all: Set<String> = ["shop-web", "db", "cache"]
        #expect(try plan.images(UpOptions(), present: []) == [.pull("db"), .pull("cache"), .build("web")])
        #expect(try plan.images(UpOptions(), present: all) == [])
        var options = UpOptions()
        options.builds = true
        #expect(try plan.images(options, present: all) == [.build("web")])
        options = UpOptions()
        options.pullPolicy = .always
        #expect(try plan.images(options, present: all) == [.pull("db"), .pull("cache")])
        options.pullPolicy = .never
        #expect(throws: ComposePlanError.imageMissing(service: "db", image: "db")) {
            try plan.images(options, present: [])
        }
        let twice = try self.plan("services: {a: {image: i}, b: {image: i}}")
        #expect(try twice.images(UpOptions(), present: []) == [.pull("a")])
    }

    @Test("down stops dependents first, then removes containers, networks and on request volumes")
    func down() throws {
        let state = running()
        let (web, db, cache) = (state.containers[0], state.containers[1], state.containers[2])
        let base: [ComposeStep] = [
            .stop(web), .stop(cache), .stop(db), .remove(web), .remove(cache), .remove(db),
            .removeNetwork("shop_default"),
        ]
        #expect(try plan().down(DownOptions(), state: state) == base)
        var options = DownOptions()
        options.removesVolumes = true
        options.removesLocalImages = true
        #expect(
            try plan().down(options, state: state)
                == base + [
                    .removeVolume("shop_data"), .removeVolume("shop_dbdata"), .removeImage("shop-web"),
                ]
        )
    }

    @Test("down leaves what is external")
    func downExternal() throws {
        let text = """
            services: {web: {image: i, volumes: ["v:/v"], networks: [n]}}
            volumes: {v: {external: true, name: theirs}}
            networks: {n: {external: true, name: shared}}
            """
        var state = ComposeState()
        state.volumes = ["theirs"]
        state.networks = ["shared"]
        var options = DownOptions()
        options.removesVolumes = true
        #expect(try plan(text).down(options, state: state) == [])
    }

    @Test("down of some services leaves what others share")
    func downSome() throws {
        var options = DownOptions()
        options.services = ["web"]
        let state = running()
        #expect(
            try plan().down(options, state: state) == [
                .stop(state.containers[0]), .remove(state.containers[0]),
            ]
        )
    }

    @Test("functions are deployed when their dependencies are up")
    func functions() throws {
        let text =
            "services:\n  f: {image: f, x-mayfly: {}, depends_on: {db: {condition: service_healthy}}}\n  db: {image: d}"
        #expect(
            try plan(text).up(UpOptions(), targets: targets, state: ComposeState())
                == [
                    .createNetwork("default"), .create("db"), .start("db"),
                    .wait("db", .healthy, isRequired: true), .deploy("f"),
                ]
        )
        #expect(try plan(text).down(DownOptions(), state: ComposeState()) == [.removeFunction("f")])
    }

    @Test("containers of services in the order of their dependencies")
    func containers() throws {
        let state = running()
        let names = try plan().containers(of: [], dependenciesFirst: true, state: state).map(\.service)
        #expect(names == ["db", "cache", "web"])
        #expect(
            try plan().containers(of: ["db", "web"], dependenciesFirst: false, state: state).map(\.service)
                == ["web", "db"]
        )
    }

    @Test("a run starts what its service depends on, but not the service")
    func runDependencies() throws {
        var options = UpOptions()
        options.services = ["web"]
        let plan = try plan()
        #expect(
            try plan.dependencies(of: "web", options, targets: targets, state: ComposeState()) == [
                .createNetwork("default"), .createVolume("data"), .createVolume("dbdata"), .create("db"),
                .create("cache"),
                .start("db"), .start("cache"), .wait("db", .healthy, isRequired: true),
            ]
        )
        options.withDependencies = false
        #expect(try plan.dependencies(of: "web", options, targets: targets, state: running()) == [])
    }
}
