// SPDX-License-Identifier: Apache-2.0
// What AWS Lambda's clients set of a function besides its configuration: concurrency and tags. LambdaAPI drives it.

import Contracts
import FoundationEssentials
import FunctionModel
import GatewayAPI
import Hummingbird
import Scheduler

/// Concurrency, asynchronous calls, URLs and tags.
struct LambdaSettings: Sendable {
    let catalog: any FunctionCatalog
    let changes: LambdaChanges

    /// Sandboxes of one function at once.
    private static let concurrencies = 1...4096

    /// The newest revision of the function that the path names.
    func revision(_ call: LambdaCall) throws(LambdaError) -> Revision {
        try changes.current(try call.wholeFunction(), revisionID: nil)
    }

    // MARK: Reserved concurrency

    /// What is reserved for a function; nil when nothing is.
    static func reserved(_ revision: Revision) -> Int? {
        revision.configuration.annotations[LambdaAnnotation.reserved] == nil
            ? nil : revision.configuration.concurrency
    }

    func putConcurrency(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let wanted = try await call.body(LambdaConcurrency.self).reserved
        let count = try LambdaFunctionSettings.require(
            "ReservedConcurrentExecutions",
            wanted,
            in: Self.concurrencies
        )
        try await changes.change(name, call) { deployment in
            deployment.configuration.concurrency = count
            deployment.configuration.annotations[LambdaAnnotation.reserved] = "\(count)"
        }
        return try LambdaCall.answer(["ReservedConcurrentExecutions": count])
    }

    func concurrency(_ call: LambdaCall) throws -> Response {
        let count = Self.reserved(try revision(call))
        return try LambdaCall.answer(count.map { ["ReservedConcurrentExecutions": $0] } ?? [:])
    }

    func deleteConcurrency(_ call: LambdaCall) async throws -> Response {
        try await changes.change(try call.wholeFunction(), call) { deployment in
            guard deployment.configuration.annotations[LambdaAnnotation.reserved] != nil else { return }
            deployment.configuration.concurrency = FunctionConfiguration().concurrency
            deployment.configuration.annotations[LambdaAnnotation.reserved] = nil
        }
        return LambdaCall.done
    }

    // MARK: Tags

    /// The function whose tags a path is about; its ARN is no part that RouteRules can check.
    private func tagged(_ call: LambdaCall) throws -> FunctionName {
        let reference = try FunctionReference(call.route.item)
        call.context.audit?.about("function \(reference.name)")
        try call.context.caller?.require(reference.name)
        guard reference.qualifier == nil else {
            throw LambdaError.parameter("Resource: tags belong to a function, not to a version of it")
        }
        return reference.name
    }

    func tags(_ call: LambdaCall) throws -> Response {
        let revision = try changes.current(try tagged(call), revisionID: nil)
        return try LambdaCall.answer(["Tags": revision.configuration.labels])
    }

    func tag(_ call: LambdaCall) async throws -> Response {
        let name = try tagged(call)
        let tags = try await call.body(LambdaTags.self).tags
        try await changes.change(name, call) { deployment in
            deployment.configuration.labels.merge(tags) { $1 }
            try LambdaTags.check(deployment.configuration.labels)
        }
        return LambdaCall.done
    }

    func untag(_ call: LambdaCall) async throws -> Response {
        let name = try tagged(call)
        let keys = call.context.queryAll("tagKeys")
        guard !keys.isEmpty else { throw LambdaError.parameter("tagKeys names no tag") }
        try await changes.change(name, call) { deployment in
            for key in keys { deployment.configuration.labels[key] = nil }
        }
        return LambdaCall.done
    }
}

extension LambdaTags {
    /// AWS's own bounds.
    static func check(_ tags: [String: String]) throws(LambdaError) {
        guard tags.count <= 50 else { throw .parameter("Tags: \(tags.count) tags are more than 50") }
        for (key, value) in tags where !(1...128).contains(key.utf8.count) || value.utf8.count > 256 {
            throw .parameter("Tags: '\(key.prefix(32))' needs 1 to 128 bytes, and its value at most 256")
        }
    }
}
