// SPDX-License-Identifier: Apache-2.0
// From a service to the request that creates its container.

import Compose
import FunctionModel
import GatewayAPI

/// Makes requests of a project's services.
struct ServiceContainer {
    let session: ComposeSession
    let service: ComposeService

    /// The request of the service's container.
    ///
    /// - Parameter number: from 1; nil makes one of `compose run`, whose name is given afterwards.
    /// - Returns: the request.
    /// - Throws: ``CommandFailure`` when a secret of the project cannot be shown to a container.
    func request(number: Int?) throws(CommandFailure) -> ContainerRequest {
        let project = session.project
        var request = ContainerRequest(image: service.imageName(project: project.name))
        request.name = number.map { service.containerName(project: project.name, number: $0) }
        request.entrypoint = service.entrypoint
        request.command = service.command
        request.environment = service.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        request.workingDirectory = service.workingDirectory
        request.user = service.user
        request.hostname = service.hostname
        request.hasInit = service.hasInit
        do throws(ModelError) {
            for text in service.extraHosts { request.extraHosts.append(try HostEntry(text)) }
        } catch {
            throw CommandFailure("cannot create '\(service.name)'", why: error.description)
        }
        request.network = service.hasEgress(in: project) ? .egress : .none
        request.networks = networks(isOneOff: number == nil)
        request.readOnlyRoot = service.isReadOnly
        request.hasTerminal = service.hasTerminal
        request.hasInput = service.hasOpenInput
        request.memory = service.limits.memory
        request.cpu = service.limits.cpus
        request.pids = service.limits.pids
        request.addedCapabilities = service.addedCapabilities
        request.droppedCapabilities = service.droppedCapabilities
        request.stopSignal = service.stopSignal
        request.stopTimeout = service.stopGracePeriod.map { Int($0.duration.components.seconds) }
        if number != nil {
            request.ports = ports
            do throws(ModelError) { request.restart = try RestartPolicy(service.restart.text) } catch {
                throw CommandFailure("cannot create '\(service.name)'", why: error.description)
            }
        }
        request.healthcheck = service.healthcheck.map(Self.healthcheck)
        addMounts(to: &request)
        addFiles(to: &request)
        request.labels = try labels(number: number)
        return request
    }

    /// A container of `compose run` is not the service: it has none of its names.
    private func networks(isOneOff: Bool) -> [NetworkAttachment] {
        service.networks.map { attachment in
            let network = session.project.networks.first { $0.key == attachment.network }
            let aliases = [service.name] + attachment.aliases.filter { $0 != service.name }
            return NetworkAttachment(
                name: network?.name ?? attachment.network,
                aliases: isOneOff ? [] : aliases
            )
        }
    }

    /// What the gateway publishes of it.
    var ports: [PortMapping] {
        service.ports.map { port in
            PortMapping(
                containerPort: UInt16(clamping: port.target),
                transport: port.isUDP ? .udp : .tcp,
                hostPort: port.published.map { UInt16(clamping: $0) },
                address: port.hostAddress
            )
        }
    }

    private static func healthcheck(_ check: ComposeHealthcheck) -> ContainerHealthcheck {
        var own = ContainerHealthcheck(test: check.test)
        own.interval = check.interval
        own.timeout = check.timeout
        own.retries = check.retries
        own.startPeriod = check.startPeriod
        own.startInterval = check.startInterval
        return own
    }

    private func addMounts(to request: inout ContainerRequest) {
        for mount in service.mounts {
            switch mount.source {
            case .bind(let path, _):
                request.volumes.append(
                    ContainerVolume(source: path, target: mount.target, readOnly: mount.isReadOnly)
                )
            case .volume(let key):
                let name = session.project.volumes.first { $0.key == key }?.name ?? key
                request.volumes.append(
                    ContainerVolume(source: name, target: mount.target, readOnly: mount.isReadOnly)
                )
            case .anonymous:
                let name = Self.anonymousVolume(mount.target, of: service.name, in: session.project.name)
                request.volumes.append(
                    ContainerVolume(source: name, target: mount.target, readOnly: mount.isReadOnly)
                )
            case .temporary(let size):
                let size = size ?? ContainerMemoryFolder.sizeDefault
                request.tmpfs.append(ContainerMemoryFolder(target: mount.target, size: size))
            }
        }
    }

    /// Secrets and configurations are files of this machine, and shown as they are.
    private func addFiles(to request: inout ContainerRequest) {
        for (grants, contents, folder) in [
            (service.secrets, session.project.secrets, "/run/secrets/"),
            (service.configs, session.project.configs, "/"),
        ] {
            for grant in grants {
                guard let path = contents.first(where: { $0.key == grant.source })?.path else { continue }
                let name = grant.target ?? grant.source
                let target = name.hasPrefix("/") ? name : folder + name
                request.volumes.append(ContainerVolume(source: path, target: target, readOnly: true))
            }
        }
    }

    /// A volume without a name in the file: the next container of the service gets it as well.
    static func anonymousVolume(_ target: String, of service: String, in project: String) -> String {
        let path = target.utf8.map { byte -> Character in
            let scalar = Character(UnicodeScalar(byte))
            return scalar.isASCII && (scalar.isLetter || scalar.isNumber) ? scalar : "-"
        }
        return "\(project)_\(service)" + String(path)
    }

    private func labels(number: Int?) throws(CommandFailure) -> [String: String] {
        var labels = service.labels
        labels[ComposeLabel.project] = session.project.name
        labels[ComposeLabel.service] = service.name
        labels[ComposeLabel.number] = String(number ?? 1)
        labels[ComposeLabel.oneOff] = number == nil ? "True" : "False"
        labels[ComposeLabel.configHash] = try ConfigHash.of(service, in: session.project)
        labels[ComposeLabel.folder] = session.files.folder
        labels[ComposeLabel.files] = session.files.paths.joined(separator: ",")
        return labels
    }
}

extension ComposeService {
    /// Whether one of its networks reaches the outside.
    fileprivate func hasEgress(in project: ComposeProject) -> Bool {
        networks.contains { attachment in
            project.networks.contains { $0.key == attachment.network && !$0.isInternal }
        }
    }
}
