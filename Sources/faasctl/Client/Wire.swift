// SPDX-License-Identifier: Apache-2.0
// The gateway's answers as far as tables need them; `--output json` passes the whole text through.

import Foundation
import FunctionModel
import OCI

/// A function as `/system/function/NAME` tells it.
struct FunctionAnswer: Decodable {
    var name: String
    var image: String
    var invocationCount: Double?
    var createdAt: Date?
    var mayfly: FunctionDetail?

    /// The image's name in the one form that people type, whichever one it was deployed with.
    var shownImage: String { (try? ImageReference(image))?.familiar ?? image }
}

/// What OpenFaaS's form cannot say.
struct FunctionDetail: Decodable {
    var revision: Int
    var imageDigest: String
    var configuration: FunctionConfiguration
    /// Containers that stand ready.
    var ready: Int
    var running: Int
    var waiting: Int
    /// Why the last container could not be made.
    var failure: String?
}

/// One schedule.
struct ScheduleAnswer: Decodable {
    var function: String
    var cron: String
    var timezone: String?
    var nextDue: Date?
    var lastRun: Date?

    enum CodingKeys: String, CodingKey {
        case function, cron, timezone
        case nextDue = "next_due"
        case lastRun = "last_run"
    }
}

/// One line of a function's log.
struct LogAnswer: Decodable {
    var name: String
    var instance: String
    var timestamp: Date
    var text: String
}

/// A secret's name.
struct SecretAnswer: Decodable {
    var name: String
}
