// SPDX-License-Identifier: Apache-2.0
// Whether a container's writable layer has become too large: decisions without IO. LayerWatch measures and acts.

import FunctionModel

/// The watch over one layer on the disk.
///
/// A limit that the kernel holds would need quotas of the file system and root: so the layer is measured at intervals, and
/// a container that has more than its limit is ended.
struct LayerWatchState: Hashable, Sendable {
    /// Between two looks: a container that writes as fast as a disk of 500 MB/s is 2.5 GB over its limit by then.
    static let interval = Duration.seconds(5)
    /// A look that takes long, at a layer of many files, is followed by a pause of so many times its length.
    static let pauseFactor = 20
    /// Longest such pause: one container's many files must not keep the others unmeasured.
    static let pauseMax = Duration.seconds(60)
    /// As for build steps: running functions and the database need space.
    static let freeFloor = ByteCount.mebibytes(512)
    /// Growth below the floor that ends a container: logs of seconds are smaller.
    static let growthMax = ByteCount.mebibytes(1)

    /// Nil: no limit of its own.
    let limit: ByteCount?
    /// What it had when the host's disk was first seen to be nearly full; nil while that is not so.
    private var bytesAtFloor: Int?

    init(limit: ByteCount?) { self.limit = limit }

    /// Looks in a row that may fail: a layer that cannot be measured would have no limit.
    static let failuresMax = 3
    private var failures = 0

    enum Excess: Hashable, Sendable {
        case unmeasurable
        /// The layer has so many bytes.
        case limit(bytes: Int)
        /// The host's disk is nearly full, and the layer still grows.
        case hostFull
    }

    /// Whether the layer is measured now: walking it is work for the disk.
    ///
    /// - Parameter freeBytes: of the host's disk; nil where the file system does not tell.
    /// - Returns: whether ``measured(_:freeBytes:)`` follows.
    mutating func isMeasured(freeBytes: Int?) -> Bool {
        let isNearlyFull = freeBytes.map { $0 < Self.freeFloor.bytes } ?? false
        if !isNearlyFull { bytesAtFloor = nil }
        return limit != nil || isNearlyFull
    }

    /// The layer was measured.
    ///
    /// - Parameters:
    ///   - bytes: what it takes.
    ///   - freeBytes: as with ``isMeasured(freeBytes:)``.
    /// - Returns: why the container is ended; nil when it goes on.
    mutating func measured(_ bytes: Int, freeBytes: Int?) -> Excess? {
        failures = 0
        if let limit, bytes > limit.bytes { return .limit(bytes: bytes) }
        guard let freeBytes, freeBytes < Self.freeFloor.bytes else { return nil }
        guard let before = bytesAtFloor else {
            bytesAtFloor = bytes
            return nil
        }
        return bytes > before + Self.growthMax.bytes ? .hostFull : nil
    }

    /// The layer could not be measured.
    ///
    /// - Returns: as ``measured(_:freeBytes:)``.
    mutating func failed() -> Excess? {
        failures += 1
        return failures < Self.failuresMax ? nil : .unmeasurable
    }

    /// The pause after a look.
    static func pause(after look: Duration) -> Duration {
        min(max(interval, look * pauseFactor), pauseMax)
    }
}
