// SPDX-License-Identifier: Apache-2.0
// One line per invocation. CallAccounting drives it; when the level is off it formats nothing.

import FunctionModel
import Logging

/// The access log.
struct AccessLog: Sendable {
    let logger: Logger
    let level: Logger.Level

    func write(
        function: FunctionName,
        callID: String,
        status: Int,
        seconds: Double,
        _ record: Invocation?
    ) {
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "function": "\(function)", "call": "\(callID)", "status": "\(status)",
            "seconds": "\(Decimal.seconds(milliseconds: seconds * 1000))",
        ]
        if let record {
            metadata["outcome"] = "\(record.outcome.rawValue)"
            metadata["revision"] = "\(record.revision)"
            metadata["warm"] = "\(record.warm)"
            metadata["bytes_out"] = "\(record.bytesOut)"
            if let code = record.exitCode { metadata["exit_code"] = "\(code)" }
            if let signal = record.signal { metadata["signal"] = "\(signal)" }
        }
        logger.log(level: level, "invocation", metadata: metadata)
    }
}
