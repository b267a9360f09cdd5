// SPDX-License-Identifier: Apache-2.0
// Sends values with descriptors over a socket between gateway and worker, in packets. Both sides check sizes.

import CSandbox
import FoundationEssentials
import Glibc

/// One end of the socket.
///
/// All calls block; the warden bounds a worker's lifetime, and thereby the gateway's waits.
struct WorkerPackets {
    let socket: Int32

    /// Bytes of one packet; well below the kernel's default buffer of 208 KiB.
    private static let packetBytes = 64 << 10
    /// Bytes of one value: the names in a folder with half a million files.
    private static let valueBytesMax = 64 << 20
    /// Descriptors of one value: the layers of one image.
    private static let descriptorsMax = UnpackLimits().layers
    /// First byte of a packet.
    private static let more: UInt8 = 0
    private static let last: UInt8 = 1

    /// Sends a value; the caller keeps the descriptors.
    func send(_ value: some Encodable, descriptors: [Int32] = []) throws(ImageError) {
        let encoded: Data
        do { encoded = try JSONEncoder().encode(value) } catch {
            throw .worker(reason: "a value that cannot be encoded: \(error)")
        }
        var waiting = descriptors[...]
        let batch = Int(CSANDBOX_DESCRIPTORS_MAX)
        while waiting.count > batch {
            try packet([Self.more], Array(waiting.prefix(batch)))
            waiting = waiting.dropFirst(batch)
        }
        var rest = encoded[...]
        repeat {
            let part = rest.prefix(Self.packetBytes)
            rest = rest.dropFirst(Self.packetBytes)
            try packet([rest.isEmpty ? Self.last : Self.more] + part, Array(waiting))
            waiting = []
        } while !rest.isEmpty
    }

    private func packet(_ bytes: [UInt8], _ descriptors: [Int32]) throws(ImageError) {
        let result = csandbox_send(socket, bytes, bytes.count, descriptors, descriptors.count)
        guard result == 0 else { throw .worker(reason: "it has ended: \(SystemCall.message(-result))") }
    }

    /// Receives a value with its descriptors, which the caller closes; nil when the other end has closed.
    func receive<Value: Decodable>(_ type: Value.Type) throws(ImageError) -> (Value, [Int32])? {
        var bytes = Data()
        var descriptors: [Int32] = []
        do throws(ImageError) {
            while true {
                guard let packet = try packet(&descriptors) else {
                    descriptors.forEach { close($0) }
                    return nil
                }
                bytes.append(contentsOf: packet.dropFirst())
                guard bytes.count <= Self.valueBytesMax, descriptors.count <= Self.descriptorsMax else {
                    throw .worker(reason: "an answer of more than \(Self.valueBytesMax) bytes")
                }
                if packet.first == Self.last { break }
            }
            do { return (try JSONDecoder().decode(type, from: bytes), descriptors) } catch {
                throw ImageError.worker(reason: "an answer that cannot be decoded: \(error)")
            }
        } catch {
            descriptors.forEach { close($0) }
            throw error
        }
    }

    private func packet(_ descriptors: inout [Int32]) throws(ImageError) -> [UInt8]? {
        var received = [Int32](repeating: -1, count: Int(CSANDBOX_DESCRIPTORS_MAX))
        var count = received.count
        var bytes = [UInt8](repeating: 0, count: Self.packetBytes + 1)
        let size = csandbox_receive(socket, &bytes, bytes.count, &received, &count, 0)
        descriptors += received.prefix(count)
        if size == 0 || size == -Int(ECONNRESET) { return nil }
        guard size > 0 else { throw .worker(reason: "receiving: \(SystemCall.message(Int32(-size)))") }
        return Array(bytes.prefix(size))
    }
}
