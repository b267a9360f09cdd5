// SPDX-License-Identifier: Apache-2.0
// A container in the form of Docker's inspect, as far as Mayfly's containers have its members.

import Foundation
import FunctionModel
import GatewayAPI

enum ContainerInspection {
    /// Docker's time of what has not happened.
    private static let never = "0001-01-01T00:00:00Z"

    private static func time(_ date: Date?) -> TemplateValue {
        .text(date.map { APIJSON.timestamp($0) } ?? never)
    }

    static func value(_ body: ContainerBody) -> TemplateValue {
        .members([
            "Id": .text(body.id),
            "Created": time(body.createdAt),
            "Path": .text(body.command.first ?? ""),
            "Args": .texts(Array(body.command.dropFirst())),
            "State": state(body.state),
            "Image": .text(body.imageDigest.description),
            "Name": .text("/" + body.name),
            "RestartCount": .integer(body.state.restartCount),
            "Driver": .text("overlay"),
            "Platform": .text("linux"),
            "HostConfig": hostConfiguration(body.request),
            "Mounts": .list(body.request.volumes.map(mount) + body.request.tmpfs.map(mount)),
            "Config": configuration(body),
            "NetworkSettings": network(body),
        ])
    }

    private static func health(_ health: ContainerBody.Health) -> TemplateValue {
        .members([
            "Status": .text(health.status.rawValue),
            "FailingStreak": .integer(health.failingStreak),
            "Log": .list(
                health.log.map { probe in
                    .members([
                        "Start": time(probe.startedAt),
                        "End": time(probe.endedAt),
                        "ExitCode": .integer(Int(probe.exitCode)),
                        "Output": .text(probe.output),
                    ])
                }
            ),
        ])
    }

    private static func state(_ state: ContainerBody.State) -> TemplateValue {
        let value: TemplateValue = .members([
            "Status": .text(state.status.rawValue),
            "Running": .bool(state.status.isActive),
            "Paused": .bool(state.status == .paused),
            "Restarting": .bool(state.status == .restarting),
            "OOMKilled": .bool(state.isOutOfMemory),
            "Dead": .bool(state.status == .dead),
            "Pid": .integer(state.pid ?? 0),
            "ExitCode": .integer(Int(state.exitCode)),
            "Error": .text(state.error),
            "StartedAt": time(state.startedAt),
            "FinishedAt": time(state.finishedAt),
        ])
        guard let health = state.health, case .object(var members) = value else { return value }
        members.append(TemplateValue.Member(name: "Health", value: Self.health(health)))
        return .object(members)
    }

    private static func hostConfiguration(_ request: ContainerRequest) -> TemplateValue {
        let binds = request.volumes.map { "\($0.source):\($0.target)" + ($0.readOnly ? ":ro" : "") }
        var retries = 0
        if case .onFailure(let max) = request.restart { retries = max ?? 0 }
        let policy = request.restart.description.prefix { $0 != ":" }
        return .members([
            "Binds": binds.isEmpty ? .null : .texts(binds),
            "NetworkMode": .text(request.networks.first?.name ?? request.network.rawValue),
            "RestartPolicy": .members(["Name": .text(String(policy)), "MaximumRetryCount": .integer(retries)]
            ),
            "AutoRemove": .bool(request.isRemoved),
            "CapAdd": request.addedCapabilities.isEmpty ? .null : .texts(request.addedCapabilities),
            "CapDrop": request.droppedCapabilities.isEmpty ? .null : .texts(request.droppedCapabilities),
            "ExtraHosts": request.extraHosts.isEmpty ? .null : .texts(request.extraHosts.map(\.text)),
            "Init": .bool(request.hasInit),
            "Privileged": .bool(false),
            "ReadonlyRootfs": .bool(request.readOnlyRoot),
            "Tmpfs": .texts(
                Dictionary(request.tmpfs.map { ($0.target, "size=\($0.size.bytes)") }) { $1 }
            ),
            "Memory": .integer(request.memory?.bytes ?? 0),
            "NanoCpus": .integer((request.cpu?.count ?? 0) * 1_000_000),
            "StorageOpt": request.disk.map { .texts(["size": "\($0.bytes)"]) } ?? .null,
            "PidsLimit": request.pids.map { .integer($0) } ?? .null,
        ])
    }

    private static func mount(_ volume: ContainerVolume) -> TemplateValue {
        .members([
            "Type": .text(volume.isNamed ? "volume" : "bind"),
            "Name": .text(volume.isNamed ? volume.source : ""),
            "Source": .text(volume.source),
            "Destination": .text(volume.target),
            "Mode": .text(volume.readOnly ? "ro" : ""),
            "RW": .bool(!volume.readOnly),
        ])
    }

    private static func mount(_ folder: ContainerMemoryFolder) -> TemplateValue {
        .members([
            "Type": .text("tmpfs"),
            "Name": .text(""),
            "Source": .text(""),
            "Destination": .text(folder.target),
            "Mode": .text(""),
            "RW": .bool(true),
        ])
    }

    private static func configuration(_ body: ContainerBody) -> TemplateValue {
        let request = body.request
        return .members([
            "Hostname": .text(request.hostname ?? String(body.id.prefix(ContainerName.shortIDLength))),
            "User": .text(request.user ?? ""),
            "AttachStdin": .bool(request.hasInput),
            "Tty": .bool(request.hasTerminal),
            "OpenStdin": .bool(request.hasInput),
            "Env": .texts(request.environment),
            "Cmd": .texts(request.command ?? (request.entrypoint == nil ? body.command : [])),
            "Image": .text(body.image),
            "WorkingDir": .text(request.workingDirectory ?? ""),
            "Entrypoint": request.entrypoint.map { .texts($0) } ?? .null,
            "Labels": .texts(request.labels),
            "StopSignal": .text(request.stopSignal ?? ""),
            "StopTimeout": .integer(request.stopTimeout ?? ContainerRequest.stopTimeoutDefault),
        ])
    }

    /// An address is one in a network: published ports are forwarders of the gateway.
    private static func network(_ body: ContainerBody) -> TemplateValue {
        let ports = Set(body.ports.map(\.inside)).sorted().map { inside in
            let places = body.ports.filter { $0.inside == inside }.map { port in
                TemplateValue.members([
                    "HostIp": .text(port.address), "HostPort": .text(String(port.hostPort)),
                ])
            }
            return TemplateValue.Member(name: inside, value: .list(places))
        }
        return .members([
            "IPAddress": .text(""),
            "Ports": .object(ports),
            "Networks": .object(networks(body)),
        ])
    }

    private static func networks(_ body: ContainerBody) -> [TemplateValue.Member] {
        let mode = body.request.network
        let places = body.networks.map { place in
            TemplateValue.Member(
                name: place.name,
                value: .members([
                    "IPAddress": .text(place.address),
                    "IPPrefixLen": .integer(24),
                    "Aliases": place.aliases.isEmpty ? .null : .texts(place.aliases),
                ])
            )
        }
        guard places.isEmpty || mode != .none else { return places }
        return places + [
            TemplateValue.Member(name: mode.rawValue, value: .members(["IPAddress": .text("")]))
        ]
    }
}
