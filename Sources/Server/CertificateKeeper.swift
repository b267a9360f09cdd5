// SPDX-License-Identifier: Apache-2.0
// Loads certificates again when their files change or an operator asks. GatewayProcess runs it beside the edge.

import Foundation
import Logging
import Synchronization
import TLS

/// The certificates of a running gateway.
final class CertificateKeeper: Sendable {
    /// Between two looks at the files.
    ///
    /// Certificates are renewed weeks before they end; this bounds how long an old one is shown, and the wait of an
    /// operator who does not know SIGHUP. Reading some KiB costs nothing.
    static let interval = Duration.seconds(30)

    let server: TLSServer
    /// Which files there are now: an authority's appear while the gateway runs.
    private let settings: @Sendable () -> TLSSettings
    private let open: @Sendable (String) -> CertificateFiles.OpenedFile
    private let logger: Logger
    /// Held while files are read and loaded: one look at a time.
    private let state: Mutex<CertificateWatchState>
    private let requests: AsyncStream<Void>
    private let requested: AsyncStream<Void>.Continuation

    /// Protocols for ALPN.
    static let protocols = [TLSServer.http2Name, "http/1.1"]

    /// Takes over what was loaded at the start.
    ///
    /// - Parameters:
    ///   - server: has the certificates.
    ///   - settings: their paths now.
    ///   - files: as they were read.
    ///   - open: opens a file now, after root was given up.
    ///   - logger: for loads, refusals and dates.
    init(
        _ server: TLSServer,
        _ settings: @escaping @Sendable () -> TLSSettings,
        loaded files: CertificateFiles,
        open: @escaping @Sendable (String) -> CertificateFiles.OpenedFile,
        logger: Logger
    ) {
        self.server = server
        self.settings = settings
        self.open = open
        self.logger = logger
        state = Mutex(CertificateWatchState(loaded: files.digest))
        (requests, requested) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        warn()
    }

    /// Loads the files soon, also when they have not changed; from any thread.
    func request() { requested.yield() }

    /// Looks until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [self] in for await _ in requests { look(isAsked: true) } }
            tasks.addTask { [self] in
                while (try? await Task.sleep(for: Self.interval)) != nil { look(isAsked: false) }
            }
        }
    }

    /// Reads the files and loads them when they changed; blocks for some milliseconds.
    func look(isAsked: Bool) {
        state.withLock { state in
            do throws(TLSError) {
                let settings = settings()
                let files = try CertificateFiles(settings, open: open)
                guard state.read(files.digest, isAsked: isAsked) == .load else { return }
                try load(files, settings)
            } catch {
                // Of files that were not read whole no digest tells whether they changed: their failure does.
                switch error {
                case .unreadable, .tooLarge: break
                default: return refuse(error)
                }
                if state.failed(error.description, isAsked: isAsked) == .report { refuse(error) }
            }
        }
    }

    private func load(_ files: CertificateFiles, _ settings: TLSSettings) throws(TLSError) {
        try server.reload(files.pairs, clientRoots: files.clientRoots)
        logger.notice("certificates loaded", metadata: ["files": "\(settings.paths.joined(separator: ", "))"])
        warn()
    }

    private func refuse(_ error: TLSError) {
        logger.error("the new certificates are not used, the old ones stay", metadata: ["reason": "\(error)"])
    }

    private func warn() {
        for warning in server.warnings(nowSeconds: Int64(Date.now.timeIntervalSince1970)) {
            logger.warning("\(warning)")
        }
    }
}
