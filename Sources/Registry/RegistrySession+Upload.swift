// SPDX-License-Identifier: Apache-2.0
// Uploads one blob. What to send next is UploadState's decision.

import OCI
import HTTPClient
import ImageStore
import Foundation
import FunctionModel
import Glibc

extension RegistrySession {
    /// Blobs up to here are sent from memory; larger ones, when sent whole, from the disk in pieces.
    private static let inMemoryBytesMax = 1 << 20

    /// Sends a blob unless the registry has it.
    ///
    /// `mountFrom` is another repository of the registry that probably has it.
    func upload(_ blob: Descriptor, from store: BlobStore, mountFrom: String?) async throws(RegistryError) {
        let subject = "blob \(blob.digest) of \(name)"
        let head = try await small(HTTPRequest("HEAD", try url("blobs/\(blob.digest)")), what: subject).head
        if head.isSuccess { return events(.present(blob.digest, sizeBytes: blob.size)) }
        guard head.status == 404 else { throw RegistryAnswer(subject: subject, head: head, body: []).error }
        events(.started(blob.digest, sizeBytes: blob.size))
        let upload = BlobUpload(session: self, blob: blob, store: store, subject: subject)
        switch try await upload.run(mountFrom: mountFrom) {
        case .uploaded: events(.finished(blob.digest, sizeBytes: blob.size))
        case .mounted(let source): events(.mounted(blob.digest, from: source))
        }
    }

    fileprivate static func body(
        of blob: Descriptor,
        in store: BlobStore
    ) async throws(RegistryError) -> HTTPRequest.Body {
        if blob.size > inMemoryBytesMax { return .file(path: store.path(of: blob.digest)) }
        return try await chunk(0..<blob.size, of: blob, in: store)
    }

    fileprivate static func chunk(
        _ range: Range<Int>,
        of blob: Descriptor,
        in store: BlobStore
    ) async throws(RegistryError) -> HTTPRequest.Body {
        try await RegistryError.working { () throws(ImageError) in
            let path = store.path(of: blob.digest)
            let file = try store.open(blob.digest, for: "the upload")
            let descriptor = file.descriptor
            try SystemCall.check("lseek", path) { lseek(descriptor, off_t(range.lowerBound), SEEK_SET) }
            var bytes = Data(count: range.count)
            var filled = 0
            while filled < range.count {
                let count = bytes.withUnsafeMutableBytes { buffer in
                    read(descriptor, buffer.baseAddress.map { $0 + filled }, range.count - filled)
                }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw SystemCall.failure("read", path) }
                guard count > 0 else {
                    throw .sizeMismatch(what: path, expected: blob.size, actual: range.lowerBound + filled)
                }
                filled += count
            }
            return .bytes(bytes)
        }
    }
}

/// The driver of one ``UploadState``.
private struct BlobUpload {
    let session: RegistrySession
    let blob: Descriptor
    let store: BlobStore
    let subject: String

    private static let contentType = ["Content-Type": "application/octet-stream"]

    func run(mountFrom: String?) async throws(RegistryError) -> UploadState.Result {
        let options = session.client.options
        var random = SystemRandomNumberGenerator()
        var state = UploadState(
            sizeBytes: blob.size,
            monolithicBytesMax: options.monolithicBytesMax,
            chunkBytes: options.chunkBytes,
            mountFrom: mountFrom,
            limits: options.retry
        )
        let sink = CollectingSink(limitBytes: RegistryAnswer.bodyBytesMax)
        var address: URL?
        var last: HTTPHead?
        var reason = ""
        var step = state.next()
        while true {
            switch step {
            case .done(let result): return result
            case .wait(let delay):
                session.events(.retrying(what: subject, reason: reason, after: delay))
                try await session.pause(delay)
                step = state.next()
            case .refused:
                guard let last else { step = .broken; continue }
                throw RegistryAnswer(subject: subject, head: last, body: sink.bytes).error
            case .broken: throw .unreachable(host: session.endpoint.name, reason: reason)
            case .violation(let text): throw .violation(host: session.endpoint.name, reason: text)
            default:
                let request = try await request(for: step, at: address)
                switch try await session.send(request, into: sink) {
                case .success(let head):
                    last = head
                    reason = "HTTP \(head.status)"
                    let next = AddressPolicy.uploadAddress(head["Location"], relativeTo: request.url)
                    if head.isSuccess, let next { address = next }
                    report(step, head)
                    step = state.answered(answer(head, hasLocation: next != nil), using: &random)
                case .failure(let failure):
                    reason = failure.reason
                    step = state.broke(failure.kind == .unreachable ? .unreachable : .broken, using: &random)
                }
            }
        }
    }

    private func report(_ step: UploadState.Step, _ head: HTTPHead) {
        guard case .patch(let range) = step, head.isSuccess else { return }
        session.events(.progressed(blob.digest, doneBytes: range.upperBound, sizeBytes: blob.size))
    }

    private func answer(_ head: HTTPHead, hasLocation: Bool) -> UploadState.Answer {
        UploadState.Answer(
            status: head.status,
            hasLocation: hasLocation,
            // `0-n`, in some registries `bytes=0-n`.
            lastByte: head["Range"]?.split(separator: "-").last.flatMap { Int($0) },
            chunkBytesMin: head["OCI-Chunk-Min-Length"].flatMap { Int($0) },
            retryAfter: RetryAfter.parse(head["Retry-After"], now: Date())
        )
    }

    private func request(for step: UploadState.Step, at address: URL?) async throws(RegistryError)
        -> HTTPRequest
    {
        if case .open(let source) = step {
            let query = source.map { [("mount", blob.digest.description), ("from", $0)] } ?? []
            return HTTPRequest("POST", try session.url("blobs/uploads/", query: query))
        }
        guard let address,
            let closing = FormEncoding.adding([("digest", blob.digest.description)], to: address)
        else { throw .violation(host: session.endpoint.name, reason: "an upload without an address") }
        switch step {
        case .putWhole:
            let body = try await RegistrySession.body(of: blob, in: store)
            return HTTPRequest("PUT", closing, fields: Self.contentType, body: body)
        case .patch(let range):
            var fields = Self.contentType
            fields["Content-Range"] = "\(range.lowerBound)-\(range.upperBound - 1)"
            let body = try await RegistrySession.chunk(range, of: blob, in: store)
            return HTTPRequest("PATCH", address, fields: fields, body: body)
        case .close: return HTTPRequest("PUT", closing, fields: Self.contentType)
        default: return HTTPRequest("GET", address)
        }
    }
}
