// SPDX-License-Identifier: Apache-2.0
// The source of a request's body. CurlRequest's callbacks and the lane drive it.

import Foundation

/// The body of a request, read once from its beginning to its end.
///
/// Used by one thread.
final class CurlSource {
    enum Piece {
        /// None at the end.
        case bytes(Int)
        /// Nothing yet; ``awaited`` says when to ask again.
        case later
        case failed
    }

    private let bytes: Data
    private let file: Int32
    private let stream: Int32?
    private let isWhole: @Sendable () -> Bool
    /// Negative when it is unknown before the end.
    let sizeBytes: Int
    private var offset = 0
    private var isWaiting = false

    /// A file that cannot be opened has a size that no read fulfils, so the exchange fails.
    init(_ body: HTTPRequest.Body) {
        if case .stream(_, let isWhole) = body { self.isWhole = isWhole } else { isWhole = { true } }
        switch body {
        case .none: (bytes, file, stream, sizeBytes) = (Data(), -1, nil, 0)
        case .bytes(let data): (bytes, file, stream, sizeBytes) = (data, -1, nil, data.count)
        case .stream(let descriptor, _): (bytes, file, stream, sizeBytes) = (Data(), -1, descriptor, -1)
        case .file(let path):
            var status = stat()
            (bytes, file, stream) = (Data(), open(path, O_RDONLY | O_CLOEXEC), nil)
            sizeBytes = fstat(file, &status) == 0 ? Int(status.st_size) : 1
        }
    }

    deinit { if file >= 0 { close(file) } }

    /// The descriptor that nothing could be read from, until ``isReady()``.
    var awaited: Int32? { isWaiting ? stream : nil }

    /// Whether to ask again.
    func isReady() -> Bool {
        guard let stream else { return true }
        var state = pollfd(fd: stream, events: Int16(POLLIN), revents: 0)
        // Reading reports what is wrong with it.
        isWaiting = poll(&state, 1, 0) == 0
        return !isWaiting
    }

    /// The next bytes.
    func read(into room: UnsafeMutableRawBufferPointer) -> Piece {
        guard isReady() else { return .later }
        let count: Int
        if let stream {
            count = Foundation.read(stream, room.baseAddress, room.count)
            if count < 0, errno == EINTR || errno == EAGAIN {
                isWaiting = true
                return .later
            }
        } else if file >= 0 {
            count = pread(file, room.baseAddress, room.count, off_t(offset))
        } else {
            let piece = bytes.dropFirst(offset).prefix(room.count)
            piece.copyBytes(to: room)
            count = piece.count
        }
        guard count >= 0, count > 0 || offset >= sizeBytes && isWhole() else { return .failed }
        offset += count
        return .bytes(count)
    }
}
