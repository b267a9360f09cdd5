// SPDX-License-Identifier: Apache-2.0
// How asynchronous calls are tried again, as AWS Lambda's clients set it. LambdaAPI drives it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import Hummingbird
import Scheduler

extension LambdaSettings {
    /// AWS's own bounds.
    private static let retries = 0...2
    private static let ages = 60...21_600

    func putEvents(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let body = try await call.body(LambdaEventSettings.self)
        if let destinations = body.destinations, !destinations.saysNothing {
            throw LambdaError.parameter(
                "DestinationConfig is not served: a call's X-Callback-Url says where its result goes"
            )
        }
        let age = try body.age.map {
            try LambdaFunctionSettings.require("MaximumEventAgeInSeconds", $0, in: Self.ages)
        }
        let count = try body.retries.map {
            try LambdaFunctionSettings.require("MaximumRetryAttempts", $0, in: Self.retries)
        }
        let isNew = call.route.operation == .putFunctionEventInvokeConfig
        guard try isNew || Self.hasEvents(revision(call)) else { throw Self.withoutEvents(name) }
        let revision = try await changes.change(name, call) { deployment in
            // What is put anew has defaults; an update changes what it names.
            if isNew { Self.reset(&deployment.configuration.asynchronous) }
            if let count { deployment.configuration.asynchronous.attempts = count + 1 }
            if let age { deployment.configuration.asynchronous.maxAge = .seconds(age) }
            deployment.configuration.annotations[LambdaAnnotation.events] = APIJSON.timestamp(Date())
        }
        return try LambdaCall.answer(LambdaEventBody(revision))
    }

    func events(_ call: LambdaCall) throws -> Response {
        let revision = try revision(call)
        guard Self.hasEvents(revision) else { throw Self.withoutEvents(revision.function) }
        return try LambdaCall.answer(LambdaEventBody(revision))
    }

    func listEvents(_ call: LambdaCall) throws -> Response {
        let revision = try revision(call)
        return try LambdaCall.answer([
            "FunctionEventInvokeConfigs": Self.hasEvents(revision) ? [LambdaEventBody(revision)] : []
        ])
    }

    func deleteEvents(_ call: LambdaCall) async throws -> Response {
        let revision = try revision(call)
        guard Self.hasEvents(revision) else { throw Self.withoutEvents(revision.function) }
        try await changes.change(revision.function, call) { deployment in
            Self.reset(&deployment.configuration.asynchronous)
            deployment.configuration.annotations[LambdaAnnotation.events] = nil
        }
        return LambdaCall.done
    }

    private static func reset(_ policy: inout AsyncConfiguration) {
        policy.attempts = AsyncConfiguration().attempts
        policy.maxAge = nil
    }

    private static func hasEvents(_ revision: Revision) -> Bool {
        revision.configuration.annotations[LambdaAnnotation.events] != nil
    }

    private static func withoutEvents(_ name: FunctionName) -> LambdaError {
        .notFound("The function \(FunctionReference.arn(name)) doesn't have an EventInvokeConfig")
    }
}

extension LambdaEventBody {
    init(_ revision: Revision) {
        let changed = revision.configuration.annotations[LambdaAnnotation.events].flatMap(APIJSON.date)
        self.init(
            functionArn: FunctionReference.arn(revision.function, qualifier: FunctionReference.latest),
            lastModified: (changed ?? revision.createdAt).timeIntervalSince1970.rounded(),
            maximumRetryAttempts: revision.configuration.asynchronous.attempts - 1
        )
        maximumEventAgeInSeconds = revision.configuration.asynchronous.maxAge.map {
            Int($0.duration / .seconds(1))
        }
    }
}
