// SPDX-License-Identifier: Apache-2.0
// The small records inside a configuration: queue and warm pool.

/// Waiting room in front of a function's sandboxes.
package struct QueueConfiguration: Hashable, Sendable, Codable {
    /// Callers that may wait at once; one more gets 429.
    package var length: Int = 64
    /// Longest wait before 429.
    package var wait: TimeSpan = .seconds(10)

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable { case length, wait }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        length = try values.decodeIfPresent(Int.self, forKey: .length) ?? length
        wait = try values.decodeIfPresent(TimeSpan.self, forKey: .wait) ?? wait
    }
}

/// The number of warm sandboxes.
package struct WarmConfiguration: Hashable, Sendable, Codable {
    /// Kept warm even without calls.
    package var min: Int = 0
    /// Kept ready after calls, until idle for a while.
    package var max: Int = 8

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable { case min, max }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        min = try values.decodeIfPresent(Int.self, forKey: .min) ?? min
        max = try values.decodeIfPresent(Int.self, forKey: .max) ?? Swift.max(max, min)
    }
}
