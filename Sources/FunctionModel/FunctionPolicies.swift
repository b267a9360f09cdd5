// SPDX-License-Identifier: Apache-2.0
// The small records inside a configuration: queue, warm pool and asynchronous calls.

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

/// How an asynchronous call is tried again.
package struct AsyncConfiguration: Hashable, Sendable, Codable {
    /// Runs of one call at most.
    package var attempts: Int = 5
    /// Least wait between two attempts.
    package var minWait: TimeSpan = .seconds(1)
    /// Most that a wait grows to.
    package var maxWait: TimeSpan = .seconds(300)
    /// HTTP statuses after which it is tried again.
    package var codes: [Int] = [408, 429, 500, 502, 503, 504]
    /// Age at which it is tried no more; nil: attempts alone bound it.
    package var maxAge: TimeSpan?

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case attempts
        case minWait = "min_wait"
        case maxWait = "max_wait"
        case codes
        case maxAge = "max_age"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        attempts = try values.decodeIfPresent(Int.self, forKey: .attempts) ?? attempts
        minWait = try values.decodeIfPresent(TimeSpan.self, forKey: .minWait) ?? minWait
        maxWait = try values.decodeIfPresent(TimeSpan.self, forKey: .maxWait) ?? max(maxWait, minWait)
        codes = try values.decodeIfPresent([Int].self, forKey: .codes) ?? codes
        maxAge = try values.decodeIfPresent(TimeSpan.self, forKey: .maxAge)
    }

    /// Checks what the types alone cannot.
    ///
    /// - Throws: ``ModelError`` naming the field.
    package func validate() throws(ModelError) {
        guard (1...100).contains(attempts) else {
            throw ModelError(field: "async.attempts", value: "\(attempts)", expected: "1 to 100")
        }
        guard minWait <= maxWait else {
            throw ModelError(
                field: "async.min_wait",
                value: "\(minWait)",
                expected: "at most max_wait, \(maxWait)"
            )
        }
        if let maxAge, maxAge.nanoseconds <= 0 {
            throw ModelError(field: "async.max_age", value: "\(maxAge)", expected: "more than zero")
        }
        for code in codes where !(400...599).contains(code) {
            throw ModelError(field: "async.codes", value: "\(code)", expected: "statuses from 400 to 599")
        }
    }
}
