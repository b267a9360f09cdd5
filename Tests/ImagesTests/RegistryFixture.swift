// SPDX-License-Identifier: Apache-2.0
// A store and a client for one registry test, and what it heard.

import Foundation
import FunctionModel
import Logging
import Synchronization

@testable import ImageStore
@testable import OCI
@testable import Registry

/// Collects events from any thread.
final class EventLog: Sendable {
    private let log = Mutex<[TransferEvent]>([])

    var all: [TransferEvent] { log.withLock { $0 } }
    var listener: TransferEvents { { event in self.log.withLock { $0.append(event) } } }
}

/// A store in a folder of its own, and events.
final class RegistryFixture {
    let scratch: Scratch
    let images: ImageStore
    let events = EventLog()

    init() throws {
        scratch = try Scratch()
        images = try ImageStore(
            dataDirectory: scratch.path + "/data",
            references: MemoryReferenceStore(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    var blobs: BlobStore { images.blobs }

    /// Names of unfinished downloads.
    var partials: [String] { (try? Directories.names(in: blobs.partialDirectory)) ?? [] }

    func client(_ edit: (inout RegistryClient.Options) -> Void = { _ in }) -> RegistryClient {
        var options = RegistryClient.Options()
        options.credentials = .none
        options.idleTimeoutSeconds = 5
        options.retry.delayFirst = .milliseconds(1)
        options.retry.delayMax = .milliseconds(4)
        edit(&options)
        return RegistryClient(options)
    }

    /// Pulls without naming.
    @discardableResult
    func pull(
        _ reference: String,
        platform: Platform = .host,
        using client: RegistryClient? = nil
    ) async throws -> PulledImage {
        let client = client ?? self.client()
        return try await client.pull(
            ImageReference(reference),
            platform: platform,
            into: blobs,
            events: events.listener
        )
    }

    /// Puts an image into the store.
    func addImage(_ layers: [[UInt8]], platform: Platform = .host) throws -> Descriptor {
        var configuration = ImageConfiguration(platform: platform)
        configuration.rootfs.diffIDs = layers.map { Digest(of: $0) }
        let bytes = try Documents.encode(configuration, name: "test")
        let config = Descriptor(
            mediaType: MediaType.configuration,
            digest: try blobs.put(bytes),
            size: bytes.count
        )
        let descriptors = try layers.map {
            Descriptor(mediaType: MediaType.layer, digest: try blobs.put($0), size: $0.count)
        }
        let manifest = try Documents.encode(Manifest(config: config, layers: descriptors), name: "test")
        return Descriptor(
            mediaType: MediaType.manifest,
            digest: try blobs.put(manifest),
            size: manifest.count,
            platform: platform
        )
    }
}

/// Bytes that no two seeds share and no compression shrinks.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}
