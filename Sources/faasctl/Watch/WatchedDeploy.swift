// SPDX-License-Identifier: Apache-2.0
// `faasctl deploy DIR --watch`: deploys again with every change, and shows the log meanwhile. DeployCommand drives it.

import ArgumentParser
import Dispatch
import Foundation
import GatewayAPI

/// Deploys a folder until it is interrupted.
struct WatchedDeploy {
    /// Wait before a log that ended is followed again: about the time of a gateway's restart.
    private static let logPause = Duration.seconds(2)

    let global: GlobalOptions
    /// The function's folder, and that of its Dockerfile where it is another.
    let folders: [String]
    /// Deploys once, and gives the function's name.
    let deploy: () async throws -> String

    /// Until SIGINT or SIGTERM; a deploy that fails is reported, and the next change tries again.
    ///
    /// The gateway breaks off a build whose client has ended, so the end needs no wait.
    func run() async throws {
        let watch = try FolderWatch(folders)
        let signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for source in signals {
            source.setEventHandler { ProcessEnd.exit(0) }
            source.activate()
        }
        defer { for source in signals { source.cancel() } }
        watch.start()
        var log: Task<Void, Never>?
        defer { log?.cancel() }
        if let name = await deployOnce() { log = follow(name) }
        for await _ in watch.changes {
            global.remark("faasctl: \(folders[0]) has changed")
            if let name = await deployOnce(), log == nil { log = follow(name) }
        }
    }

    /// Nil when it failed; the reason is shown.
    private func deployOnce() async -> String? {
        do { return try await deploy() } catch {
            Terminal.error.remark("faasctl: \(error)")
            return nil
        }
    }

    /// Shows new lines of the log until it is cancelled, also those after a gateway's restart.
    private func follow(_ name: String) -> Task<Void, Never> {
        var words = [name, "-f", "--since", "1s", "--output", global.output.rawValue]
        if let gateway = global.gateway { words += ["--gateway", gateway] }
        if let roots = global.tls.trustedRoots { words += ["--tls-ca", roots] }
        if let certificate = global.tls.certificate, let key = global.tls.key {
            words += ["--client-cert", certificate, "--client-key", key]
        }
        return Task { [words, global] in
            while !Task.isCancelled {
                do {
                    try await LogsCommand.parse(words).run()
                } catch {
                    global.remark("faasctl: \(error)")
                }
                do { try await Task.sleep(for: Self.logPause) } catch { return }
            }
        }
    }
}
