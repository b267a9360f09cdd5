// SPDX-License-Identifier: Apache-2.0
// The privileged part of a gateway's start: hands over the data folder, starts the warden, becomes another user.

import Foundation
import Glibc
import ImageStore
import Sandbox

/// The remaining privileges after the start.
struct PrivilegedStart: Sendable {
    /// The process for operations that need root; nil for an ordinary user's gateway, and where it cannot be started.
    var warden: Warden?
    /// The name of the privilege that could not be given up.
    var findings: [HostFinding] = []
    /// Set while a port below 1024 is still to be bound.
    private var account: Privileges.Account?

    /// Does it all; must run before the process has a second thread.
    ///
    /// - Throws: ``ServerError`` when the data folder cannot be used, or when it failed half-way.
    static func run(_ configuration: ServeConfiguration) throws(ServerError) -> PrivilegedStart {
        guard Privileges.areHeld else { return PrivilegedStart() }
        let account = Privileges.account()
        let directory = configuration.dataDirectory
        let handover: DataHandover.Result
        do throws(DataHandover.Failure) { handover = try DataHandover.prepare(directory, for: account) } catch
        {
            throw ServerError(
                "cannot start the gateway",
                why: "the data folder cannot be used: \(error.reason)",
                next: "choose another one with --data-dir"
            )
        }
        let shift = OwnerTranslation.shift(for: directory)
        if let reason = TreeAccess.removeTrees(notShiftedBy: shift, in: directory) {
            throw ServerError("cannot start the gateway", why: reason)
        }
        var start = PrivilegedStart()
        do throws(SandboxError) {
            let warden = try Warden(
                dataDirectory: directory,
                serviceID: account.uid,
                showsHost: configuration.hostMounts,
                files: CertificateFiles.pinned(configuration.tls, outside: directory)
            )
            if let reason = TreeAccess(warden: warden).obstacle(in: directory) {
                throw .unsupported("workers for image files: \(reason)")
            }
            try Privileges.shelter(directory, below: DataHandover.obstacle(above: directory, for: account))
            start.warden = warden
            start.findings = Self.hardLinks.map { [$0] } ?? []
        } catch {
            guard configuration.allowsRoot else {
                // A folder that was handed over before stays as it was.
                if handover == .made { DataHandover.takeBack(directory) }
                throw ServerError(
                    "cannot start the gateway",
                    why: "it cannot give up root: \(error.description)",
                    next:
                        "\(Self.needs), or start it as an ordinary user; --allow-root starts it as root nevertheless"
                )
            }
            // The next gateway could not read what this one writes as root, so it has to hand over the folder again.
            DataHandover.takeBack(directory)
            start.findings = [Self.finding(lacking: error.description, isAllowed: true)]
            return start
        }
        let keepsPorts = [configuration.listen, configuration.tls.redirect].contains { address in
            address.map { (1..<Privileges.firstFreePort).contains($0.port) } == true
        }
        do throws(SandboxError) { try Privileges.drop(to: account, keepsPorts: keepsPorts) } catch {
            throw ServerError("cannot give up root", why: error.description)
        }
        if keepsPorts { start.account = account }
        return start
    }

    /// The socket is bound: nothing is left to be kept.
    ///
    /// - Throws: ``SandboxError``; the process must end then.
    func finish() throws(SandboxError) {
        if let account { try Privileges.dropPorts(account) }
    }

    /// The lines of `doctor`.
    ///
    /// - Parameters:
    ///   - directory: a folder of its own, on the data folder's file system; it may be absent.
    ///   - allowsRoot: as `serve` has it.
    /// - Returns: one finding, or more.
    static func probe(in directory: String, allowsRoot: Bool) async -> [HostFinding] {
        [await worker(in: directory, allowsRoot: allowsRoot)] + (hardLinks.map { [$0] } ?? [])
    }

    /// Without the setting a gateway that was taken over could link a file of root's into the data folder, and have
    /// a worker change it.
    private static var hardLinks: HostFinding? {
        let path = "/proc/sys/fs/protected_hardlinks"
        guard FileManager.default.contents(atPath: path)?.first == UInt8(ascii: "0") else { return nil }
        return HostFinding(
            level: .missing,
            name: "protected hard links",
            advice:
                "a compromised gateway may reach files of root on the data folder's file system: "
                + "sysctl fs.protected_hardlinks=1"
        )
    }

    /// Tries one.
    private static func worker(in directory: String, allowsRoot: Bool) async -> HostFinding {
        let account = Privileges.account()
        guard Privileges.areHeld else {
            return HostFinding(
                level: .missing,
                name: Self.name,
                advice:
                    "image layers are unpacked by the gateway itself, as the user it runs as: run it as root"
            )
        }
        do throws(DataHandover.Failure) { _ = try DataHandover.prepare(directory, for: account) } catch {
            return finding(lacking: error.reason, isAllowed: allowsRoot)
        }
        do throws(SandboxError) {
            let warden = try Warden(dataDirectory: directory, serviceID: account.uid)
            let reason = TreeAccess(warden: warden).obstacle(in: directory)
            await warden.stop()
            if let reason { return finding(lacking: reason, isAllowed: allowsRoot) }
        } catch {
            return finding(lacking: error.description, isAllowed: allowsRoot)
        }
        return HostFinding(level: .ok, name: Self.name, advice: "")
    }

    private static let name = "unprivileged gateway"

    private static func finding(lacking reason: String, isAllowed: Bool) -> HostFinding {
        HostFinding(
            level: isAllowed ? .missing : .fatal,
            name: name,
            advice: isAllowed
                ? "the gateway stays root and unpacks image layers itself: \(reason); \(needs)"
                : "the gateway cannot give up root, and does not start without --allow-root: \(reason); \(needs)"
        )
    }

    /// The usual cause.
    private static let needs =
        "giving up root requires user namespaces, and a file system with idmapped mounts for the data folder (ext4, xfs, btrfs; tmpfs "
        + "since Linux 6.3)"
}
