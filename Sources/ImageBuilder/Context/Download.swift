// SPDX-License-Identifier: Apache-2.0
// ADD of a URL: writes it to a temporary file and hashes it while it is received. The steps of a build use it.

import OCI
import HTTPClient
import Foundation
import FunctionModel
import Synchronization

/// A downloaded file.
struct Download: Sendable {
    var content: SpoolFile
    var sizeBytes: Int
    var digest: Digest
    /// Last-Modified in seconds since 1970; nil without the field.
    var modifiedSeconds: Int?

    /// Largest download; larger data belongs into a volume.
    static let sizeLimit = 8 << 30
    /// Redirects followed, as with registries.
    static let redirectLimit = 10
    /// Seconds without a byte after which a connection counts as broken.
    static let idleSeconds = 60

    private static let forbiddenHint =
        ", which is not reached from builds; build_allow of the gateway's configuration opens networks"

    /// Whether a source of ADD is a URL.
    static func isURL(_ source: String) -> Bool {
        let lowered = source.lowercased()
        return lowered.hasPrefix("http://") || lowered.hasPrefix("https://")
    }

    /// Whether a source of ADD names a git repository.
    static func isRepository(_ source: String) -> Bool {
        let path = source.split(separator: "#", maxSplits: 1).first.map(String.init) ?? source
        return source.hasPrefix("git@") || source.hasPrefix("git://") || source.hasPrefix("ssh://")
            || (isURL(source) && path.hasSuffix(".git"))
    }

    /// The last component of a URL's path; nil when it has none.
    static func fileName(_ source: String) -> String? {
        guard let name = URL(string: source)?.lastPathComponent, !name.isEmpty, name != "/", name != ".."
        else {
            return nil
        }
        return name
    }

    /// Fetches a URL and follows redirects; ends when the task is cancelled.
    ///
    /// - Parameters:
    ///   - source: the URL as written.
    ///   - directory: the folder of the temporary file.
    ///   - destinations: the permitted addresses, also of redirects.
    /// - Returns: the file and the server's information about it.
    /// - Throws: ``StepFailure/download(url:reason:)``, or the failure of a file.
    static func fetch(
        _ source: String,
        directory: String,
        destinations: DestinationPolicy
    ) async throws(StepFailure) -> Download {
        guard var url = URL(string: source), url.host != nil else {
            throw .download(url: source, reason: "it is not a URL")
        }
        let lane = HTTPLane(idleTimeoutSeconds: idleSeconds)
        for _ in 0...redirectLimit {
            let sink = SpoolSink(try SpoolFile(directory: directory))
            var request = HTTPRequest("GET", url)
            request.destinations = destinations
            let answer = await lane.perform(request, into: sink)
            if let failure = sink.failure { throw failure }
            let head: HTTPHead
            switch answer {
            case .success(let received): head = received
            case .failure(let failure):
                if failure.kind == .cancelled { throw .cancelled }
                let hint = failure.cause == .forbidden ? forbiddenHint : ""
                throw .download(url: source, reason: failure.reason + hint)
            }
            if (300...399).contains(head.status), let location = head["Location"] {
                guard let next = URL(string: location, relativeTo: url)?.absoluteURL,
                    isURL(next.absoluteString)
                else {
                    throw .download(url: source, reason: "it redirects to '\(location.prefix(200))'")
                }
                url = next
                continue
            }
            guard head.isSuccess else {
                throw .download(url: source, reason: "the server answers \(head.status)")
            }
            return sink.finish(modified: head["Last-Modified"])
        }
        throw .download(url: source, reason: "more than \(redirectLimit) redirects")
    }
}

/// Writes a body to a temporary file and hashes it.
private final class SpoolSink: BodySink {
    private struct State: ~Copyable {
        var hash = SHA256()
        var size = 0
        var isContent = false
        var failure: StepFailure?
    }

    private let spool: SpoolFile
    private let state = Mutex(State())

    init(_ spool: SpoolFile) { self.spool = spool }

    var failure: StepFailure? { state.withLock { $0.failure } }

    func begin(_ head: HTTPHead) -> Bool {
        state.withLock { $0.isContent = head.isSuccess }
        return true
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            // The body of an error or a redirect is not needed.
            guard state.isContent else { return true }
            do throws(StepFailure) {
                guard state.size + bytes.count <= Download.sizeLimit else {
                    throw .limit(what: "size of a download in bytes", limit: Download.sizeLimit)
                }
                try spool.append(bytes)
            } catch {
                state.failure = error
                return false
            }
            state.hash.update(bytes)
            state.size += bytes.count
            return true
        }
    }

    func finish(modified: String?) -> Download {
        state.withLock { state in
            var hash = SHA256()
            swap(&hash, &state.hash)
            return Download(
                content: spool,
                sizeBytes: state.size,
                digest: hash.finish(),
                modifiedSeconds: modified.flatMap(Self.seconds)
            )
        }
    }

    /// The preferred form of HTTP dates (RFC 9110, section 5.6.7); the obsolete forms are ignored.
    private static func seconds(_ text: String) -> Int? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text).map { max(0, Int($0.timeIntervalSince1970)) }
    }
}
