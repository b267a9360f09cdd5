// SPDX-License-Identifier: Apache-2.0
// What a caller asks of one container. faasctl sends it, Gateway decodes it, Scheduler runs it and stores it.

/// One container, as `faasctl run` describes it.
package struct ContainerRequest: Hashable, Sendable, Codable {
    /// Reference of an image that the image store holds.
    package var image: String
    /// Nil: two random words.
    package var name: String?
    /// Replaces the image's CMD.
    package var command: [String]?
    /// Replaces the image's ENTRYPOINT, and its CMD with it.
    package var entrypoint: [String]?
    /// `NAME=value` each; they override the image's.
    package var environment: [String] = []
    package var volumes: [ContainerVolume] = []
    package var tmpfs: [ContainerMemoryFolder] = []
    package var network = NetworkMode.none
    /// Networks in which it reaches other containers by name, and they reach it.
    package var networks: [NetworkAttachment] = []
    /// Ports that the gateway publishes on its host.
    package var ports: [PortMapping] = []
    /// Whether every port that the image exposes is published, too, each at a free port of the host.
    package var publishesAll = false
    /// Whether it gets a terminal.
    package var hasTerminal = false
    /// Whether the caller sends input; else its stdin is empty.
    package var hasInput = false
    /// The terminal's size at the start.
    package var rows: UInt16 = 24
    package var columns: UInt16 = 80
    /// Whether it is removed when it has ended.
    package var isRemoved = false
    /// Replaces WORKDIR.
    package var workingDirectory: String?
    /// Replaces USER: `name`, `uid`, `name:group` or `uid:gid`.
    package var user: String?
    /// Nil: the first digits of its id.
    package var hostname: String?
    /// Names of its /etc/hosts besides its own.
    package var extraHosts: [HostEntry] = []
    /// Whether its PID 1 is an init that passes signals on and waits for orphans.
    package var hasInit = false
    package var labels: [String: String] = [:]
    /// Nil: half of the host's memory.
    package var memory: ByteCount?
    /// Nil: all processors.
    package var cpu: Millicores?
    package var pids: Int?
    /// What its writable layer may take of the disk; nil: the gateway's default.
    package var disk: ByteCount?
    package var readOnlyRoot = false
    /// Capabilities, with or without `CAP_`, that it gets or does not get; `ALL` for all of Docker's default set.
    package var addedCapabilities: [String] = []
    package var droppedCapabilities: [String] = []
    /// Replaces STOPSIGNAL.
    package var stopSignal: String?
    /// Seconds between the stop signal and SIGKILL.
    package var stopTimeout: Int?
    package var restart = RestartPolicy.no
    /// Nil: the image's HEALTHCHECK.
    package var healthcheck: ContainerHealthcheck?

    /// Seconds between the stop signal and SIGKILL where nothing else is asked for, as Docker has it.
    package static let stopTimeoutDefault = 10

    /// Every key of the coded form.
    package static let keys = KeyTree.object(of: CodingKeys.self) { key in
        switch key {
        case .volumes: .list(.object(of: ContainerVolume.CodingKeys.self))
        case .tmpfs: .list(.object(of: ContainerMemoryFolder.CodingKeys.self))
        case .networks: .list(.object(of: NetworkAttachment.CodingKeys.self))
        case .labels: .map
        case .healthcheck: .object(of: ContainerHealthcheck.CodingKeys.self)
        default: .value
        }
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case image, name, command, entrypoint, environment, volumes, tmpfs, network, networks, ports, rows,
            columns,
            user,
            hostname
        case labels, memory, cpu, pids, disk, restart, healthcheck
        case extraHosts = "extra_hosts"
        case hasInit = "init"
        case publishesAll = "publish_all"
        case hasTerminal = "tty"
        case hasInput = "stdin"
        case isRemoved = "auto_remove"
        case workingDirectory = "working_directory"
        case readOnlyRoot = "read_only"
        case addedCapabilities = "cap_add"
        case droppedCapabilities = "cap_drop"
        case stopSignal = "stop_signal"
        case stopTimeout = "stop_timeout"
    }

    package init(image: String) { self.image = image }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys, _ other: Value) throws -> Value {
            try values.decodeIfPresent(Value.self, forKey: key) ?? other
        }
        image = try values.decode(String.self, forKey: .image)
        name = try value(.name, name)
        command = try value(.command, command)
        entrypoint = try value(.entrypoint, entrypoint)
        environment = try value(.environment, environment)
        volumes = try value(.volumes, volumes)
        tmpfs = try value(.tmpfs, tmpfs)
        network = try value(.network, network)
        networks = try value(.networks, networks)
        ports = try value(.ports, ports)
        publishesAll = try value(.publishesAll, publishesAll)
        hasTerminal = try value(.hasTerminal, hasTerminal)
        hasInput = try value(.hasInput, hasInput)
        rows = try value(.rows, rows)
        columns = try value(.columns, columns)
        isRemoved = try value(.isRemoved, isRemoved)
        workingDirectory = try value(.workingDirectory, workingDirectory)
        user = try value(.user, user)
        hostname = try value(.hostname, hostname)
        extraHosts = try value(.extraHosts, extraHosts)
        hasInit = try value(.hasInit, hasInit)
        labels = try value(.labels, labels)
        memory = try value(.memory, memory)
        cpu = try value(.cpu, cpu)
        pids = try value(.pids, pids)
        disk = try value(.disk, disk)
        readOnlyRoot = try value(.readOnlyRoot, readOnlyRoot)
        addedCapabilities = try value(.addedCapabilities, addedCapabilities)
        droppedCapabilities = try value(.droppedCapabilities, droppedCapabilities)
        stopSignal = try value(.stopSignal, stopSignal)
        stopTimeout = try value(.stopTimeout, stopTimeout)
        restart = try value(.restart, restart)
        healthcheck = try value(.healthcheck, healthcheck)
    }

    /// Checks what the types alone cannot.
    ///
    /// - Throws: ``ModelError`` naming the field.
    package func validate() throws(ModelError) {
        if let name { _ = try ContainerName.checked(name) }
        try healthcheck?.validate()
        // It becomes a part of a line of /etc/hosts.
        if let hostname, !ContainerName.isMadeOfAllowed(hostname) {
            throw ModelError(
                field: "hostname",
                value: hostname,
                expected: "letters, digits, '-', '_' or '.'"
            )
        }
        guard extraHosts.count <= HostEntry.countMax else {
            throw ModelError(
                field: "extra_hosts",
                value: "\(extraHosts.count)",
                expected: "at most \(HostEntry.countMax)"
            )
        }
        try NetworkAttachment.validate(networks)
        for volume in volumes where volume.isNamed {
            _ = try ContainerName.checked(volume.source, field: "volume")
        }
        if let stopSignal, SignalNumber.of(stopSignal) == nil {
            throw ModelError(field: "stop_signal", value: stopSignal, expected: "a signal such as SIGTERM")
        }
        if let stopTimeout, !(0...Self.stopTimeoutMax).contains(stopTimeout) {
            throw ModelError(
                field: "stop_timeout",
                value: "\(stopTimeout)",
                expected: "0 to \(Self.stopTimeoutMax)"
            )
        }
        if isRemoved, restart != .no {
            throw ModelError(
                field: "restart",
                value: restart.description,
                expected: "no, since the container is removed at its end (--rm)"
            )
        }
        if let memory, memory < Limits.memoryMin {
            throw ModelError(field: "memory", value: "\(memory)", expected: "at least \(Limits.memoryMin)")
        }
        if let disk {
            guard disk >= Self.diskMin else {
                throw ModelError(field: "disk", value: "\(disk)", expected: "at least \(Self.diskMin)")
            }
            guard !isRemoved, !readOnlyRoot else {
                throw ModelError(
                    field: "disk",
                    value: "\(disk)",
                    expected: "no limit: the container has no writable layer on the disk (--rm, --read-only)"
                )
            }
        }
        if let pids, !(1...Limits.pidsMax).contains(pids) {
            throw ModelError(field: "pids", value: "\(pids)", expected: "1 to \(Limits.pidsMax)")
        }
    }

    /// The empty folders of a layer take some blocks.
    package static let diskMin = ByteCount.mebibytes(1)

    /// A longer one is a mistake of its unit: requests wait for the end.
    package static let stopTimeoutMax = 3600
}
