// SPDX-License-Identifier: Apache-2.0
// The stable JSON form of a record: name and namespace of its function are members of their own.

import FoundationEssentials

extension Invocation: Codable {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try values.decode(String.self, forKey: .id),
            function: try FunctionName(
                values.decode(String.self, forKey: .function),
                namespace: values.decodeIfPresent(String.self, forKey: .namespace)
            ),
            revision: try values.decode(Int.self, forKey: .revision),
            trigger: try values.decode(Trigger.self, forKey: .trigger),
            startedAt: try values.decode(Date.self, forKey: .startedAt),
            status: try values.decode(Int.self, forKey: .status),
            outcome: try values.decode(Outcome.self, forKey: .outcome)
        )
        queueMilliseconds = try values.decode(Double.self, forKey: .queueMilliseconds)
        startMilliseconds = try values.decode(Double.self, forKey: .startMilliseconds)
        runMilliseconds = try values.decode(Double.self, forKey: .runMilliseconds)
        totalMilliseconds = try values.decode(Double.self, forKey: .totalMilliseconds)
        exitCode = try values.decodeIfPresent(Int.self, forKey: .exitCode)
        signal = try values.decodeIfPresent(Int.self, forKey: .signal)
        bytesIn = try values.decode(Int.self, forKey: .bytesIn)
        bytesOut = try values.decode(Int.self, forKey: .bytesOut)
        cpuMilliseconds = try values.decode(Double.self, forKey: .cpuMilliseconds)
        peakMemoryBytes = try values.decode(Int.self, forKey: .peakMemoryBytes)
        limitsReached = try values.decodeIfPresent([LimitName].self, forKey: .limitsReached)
        fresh = try values.decode(Bool.self, forKey: .fresh)
        warm = try values.decode(Bool.self, forKey: .warm)
        start = try values.decodeIfPresent(SandboxStart.self, forKey: .start)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        try values.encode(function.localName, forKey: .function)
        try values.encode(function.namespace, forKey: .namespace)
        try values.encode(revision, forKey: .revision)
        try values.encode(trigger, forKey: .trigger)
        try values.encode(startedAt, forKey: .startedAt)
        try values.encode(queueMilliseconds, forKey: .queueMilliseconds)
        try values.encode(startMilliseconds, forKey: .startMilliseconds)
        try values.encode(runMilliseconds, forKey: .runMilliseconds)
        try values.encode(totalMilliseconds, forKey: .totalMilliseconds)
        try values.encode(status, forKey: .status)
        try values.encode(outcome, forKey: .outcome)
        try values.encodeIfPresent(exitCode, forKey: .exitCode)
        try values.encodeIfPresent(signal, forKey: .signal)
        try values.encode(bytesIn, forKey: .bytesIn)
        try values.encode(bytesOut, forKey: .bytesOut)
        try values.encode(cpuMilliseconds, forKey: .cpuMilliseconds)
        try values.encode(peakMemoryBytes, forKey: .peakMemoryBytes)
        try values.encodeIfPresent(limitsReached, forKey: .limitsReached)
        try values.encode(fresh, forKey: .fresh)
        try values.encode(warm, forKey: .warm)
        try values.encodeIfPresent(start, forKey: .start)
    }
}
