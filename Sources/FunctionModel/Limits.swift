// SPDX-License-Identifier: Apache-2.0
// The limits of one sandbox, and their defaults (docs/reference/function.yaml.md).

/// Upper bounds for one invocation; every one is enforced by the kernel or by the gateway.
package struct Limits: Hashable, Sendable, Codable {
    /// Memory of all processes together with the writable layer, swap off.
    package var memory: ByteCount = .mebibytes(128)
    /// Processor time per wall time.
    package var cpu: Millicores = .init(count: 1000)
    /// Processes and threads at once.
    package var pids: Int = 64
    /// Size of the writable layer.
    package var disk: ByteCount = .mebibytes(64)
    /// Request body; a larger one is refused with 413.
    package var body: ByteCount = .mebibytes(16)
    /// Response body; a function that writes more is stopped.
    package var output: ByteCount = .mebibytes(64)

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable { case memory, cpu, pids, disk, body, output }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        memory = try values.decodeIfPresent(ByteCount.self, forKey: .memory) ?? memory
        cpu = try values.decodeIfPresent(Millicores.self, forKey: .cpu) ?? cpu
        pids = try values.decodeIfPresent(Int.self, forKey: .pids) ?? pids
        disk = try values.decodeIfPresent(ByteCount.self, forKey: .disk) ?? disk
        body = try values.decodeIfPresent(ByteCount.self, forKey: .body) ?? body
        output = try values.decodeIfPresent(ByteCount.self, forKey: .output) ?? output
    }

    /// Smallest memory limit with which PID 1 of an ordinary image still starts.
    package static let memoryMin = ByteCount.mebibytes(2)
    /// The kernel's limit of process numbers on small machines.
    package static let pidsMax = 32768

    /// Checks what the types alone cannot.
    ///
    /// - Throws: ``ModelError`` naming the field.
    package func validate() throws(ModelError) {
        guard memory >= Self.memoryMin else {
            throw ModelError(
                field: "limits.memory",
                value: "\(memory)",
                expected: "at least \(Self.memoryMin)"
            )
        }
        guard (1...Self.pidsMax).contains(pids) else {
            throw ModelError(field: "limits.pids", value: "\(pids)", expected: "1 to \(Self.pidsMax)")
        }
        guard disk.bytes >= 4096 else {
            throw ModelError(field: "limits.disk", value: "\(disk)", expected: "at least 4Ki")
        }
    }
}
