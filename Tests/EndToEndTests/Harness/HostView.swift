// SPDX-License-Identifier: Apache-2.0
// What a gateway occupies on this host, read from /proc and /sys as any operator could.

import Foundation

/// One process, safe against reuse of its number.
struct ProcessIdentity: Hashable, Sendable {
    var id: Int32
    /// Clock ticks since boot.
    var startTime: UInt64
}

/// Everything of one gateway at one moment.
struct HostView: Sendable {
    /// The gateway and everything below it.
    var processes: Set<ProcessIdentity> = []
    /// Folders of the gateway's own control groups.
    var cgroups: Set<String> = []
    /// Identities of network namespaces other than the host's.
    var networkNamespaces: Set<String> = []
    /// Mounts in every mount namespace of it together.
    var mounts = 0
    /// Open descriptors of the gateway and of its direct child.
    var descriptors = 0
    /// Resident memory of the gateway and of its direct child, in KiB.
    var residentKibibytes = 0

    /// Looks at a running gateway.
    init(gateway: Int32) {
        let table = ProcessTable()
        processes = table.family(of: gateway)
        let own = Self.ownNetworkNamespace
        var mountNamespaces: Set<String> = []
        for process in processes {
            let folder = "/proc/\(process.id)"
            let network = Self.link(folder + "/ns/net")
            if !network.isEmpty, network != own { networkNamespaces.insert(network) }
            let mount = Self.link(folder + "/ns/mnt")
            if mountNamespaces.insert(mount).inserted { mounts += Self.lines(folder + "/mountinfo").count }
            cgroups.formUnion(Self.ownCgroups(folder))
        }
        for id in [gateway] + table.children(of: gateway) {
            // A process that just ended holds nothing.
            descriptors += (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count) ?? 0
            residentKibibytes += Self.residentKibibytes(id)
        }
    }

    /// The view once the pools have refilled: two looks that agree.
    static func settled(gateway: Int32) async throws -> HostView {
        var last = HostView(gateway: gateway)
        for _ in 0..<50 {
            try await Task.sleep(for: .milliseconds(200))
            let next = HostView(gateway: gateway)
            if next.processes == last.processes, next.descriptors == last.descriptors { return next }
            last = next
        }
        return last
    }

    /// The identity of the host's.
    static var ownNetworkNamespace: String { link("/proc/self/ns/net") }

    var figures: String {
        "processes \(processes.count), mounts \(mounts), cgroups \(cgroups.count), network namespaces "
            + "\(networkNamespaces.count), descriptors \(descriptors), resident \(residentKibibytes) KiB"
    }

    /// What of this view is still there, one line each; empty when nothing is.
    func remains(dataFolder: String) -> [String] {
        let table = ProcessTable()
        var remains = processes.filter { table.startTimes[$0.id] == $0.startTime }
            .map { "process \($0.id) \(Self.lines("/proc/\($0.id)/comm").first ?? "")" }
        remains += cgroups.filter { FileManager.default.fileExists(atPath: $0) }.map { "cgroup \($0)" }
        let living = Set(table.startTimes.keys.map { Self.link("/proc/\($0)/ns/net") })
        remains += networkNamespaces.intersection(living).map { "network namespace \($0)" }
        remains += Self.lines("/proc/self/mountinfo").filter { $0.contains(dataFolder) }.map { "mount \($0)" }
        return remains
    }

    /// Waits until nothing of this view is left; what still is after the time is returned.
    func remains(dataFolder: String, within limit: Duration) async throws -> [String] {
        let deadline = ContinuousClock.now + Patience.duration(limit)
        while ContinuousClock.now < deadline {
            if remains(dataFolder: dataFolder).isEmpty { return [] }
            try await Task.sleep(for: .milliseconds(20))
        }
        return remains(dataFolder: dataFolder)
    }

    /// Control groups that the process was put into, as folders; those it only inherited are not counted.
    private static func ownCgroups(_ folder: String) -> Set<String> {
        var found: Set<String> = []
        for line in lines(folder + "/cgroup") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].contains("/mayfly-") else { continue }
            for root in ["/sys/fs/cgroup/\(parts[1])", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"] {
                let path = root + parts[2]
                if FileManager.default.fileExists(atPath: path) {
                    found.insert(path)
                    break
                }
            }
        }
        return found
    }

    private static func residentKibibytes(_ id: Int32) -> Int {
        let line = lines("/proc/\(id)/status").first { $0.hasPrefix("VmRSS:") } ?? ""
        return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
    }

    private static func link(_ path: String) -> String {
        // A process that just ended has no namespace.
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
    }

    private static func lines(_ path: String) -> [String] {
        ProcessTable.text(path).split(separator: "\n").map(String.init)
    }
}

/// All processes of the host at one moment.
struct ProcessTable {
    private(set) var parents: [Int32: Int32] = [:]
    private(set) var startTimes: [Int32: UInt64] = [:]

    init() {
        // Without /proc this suite cannot observe the host.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for id in names.compactMap({ Int32($0) }) {
            let text = Self.text("/proc/\(id)/stat")
            // The command may hold spaces and brackets: fields count from the last bracket.
            guard let bracket = text.lastIndex(of: ")") else { continue }
            let fields = text[text.index(after: bracket)...].split(separator: " ")
            guard fields.count > 19, fields[0] != "Z", let parent = Int32(fields[1]) else { continue }
            parents[id] = parent
            startTimes[id] = UInt64(fields[19])
        }
    }

    func children(of id: Int32) -> [Int32] { parents.filter { $0.value == id }.map(\.key) }

    /// The process and everything below it.
    func family(of id: Int32) -> Set<ProcessIdentity> {
        var found: Set<ProcessIdentity> = []
        var open = [id]
        while let next = open.popLast() {
            guard let startTime = startTimes[next] else { continue }
            guard found.insert(ProcessIdentity(id: next, startTime: startTime)).inserted else { continue }
            open += children(of: next)
        }
        return found
    }

    /// First processes of containers below this one, whether they have executed anything or wait to.
    func containers(below id: Int32) -> [Int32] {
        family(of: id).map(\.id).filter { process in
            parents[process].map { Self.text("/proc/\($0)/comm") == "mayfly-slot\n" } ?? false
        }
    }

    /// Waits until none of these processes, which were sent SIGKILL, lives.
    func waitForEnd(of ids: [Int32]) async throws {
        let deadline = ContinuousClock.now + Patience.duration(.seconds(10))
        while true {
            let now = ProcessTable()
            let living = ids.filter { now.startTimes[$0] != nil && now.startTimes[$0] == startTimes[$0] }
            guard !living.isEmpty else { return }
            guard ContinuousClock.now < deadline else { throw HarnessError("\(living) do not end") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Children that have ended and for which their parent did not wait.
    static func unreaped(by parent: Int32) -> [Int32] {
        // Without /proc this suite cannot observe the host.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { id in
            let text = text("/proc/\(id)/stat")
            let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
            return fields.count > 2 && fields[1] == "Z" && Int32(fields[2]) == parent
        }
    }

    /// Numbers of processes with this word on their command line.
    static func running(_ word: String) -> [Int32] {
        ProcessTable().startTimes.keys.filter { id in
            text("/proc/\(id)/cmdline").split(separator: "\0").contains { $0 == word }
        }
    }

    static func text(_ path: String) -> String {
        // A process that just ended has no files.
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
