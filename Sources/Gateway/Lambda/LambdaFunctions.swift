// SPDX-License-Identifier: Apache-2.0
// Creates, changes, lists and removes functions as AWS Lambda's clients ask. LambdaAPI drives it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// CreateFunction, GetFunction and their like.
struct LambdaFunctions: Sendable {
    let catalog: any FunctionCatalog
    let changes: LambdaChanges

    /// Functions of one page: AWS's own bound.
    private static let pageMax = 50

    func create(_ call: LambdaCall) async throws -> Response {
        let body = try await call.body(LambdaFunctionCreation.self)
        let reference = try FunctionReference(body.functionName)
        let name = reference.name
        call.context.audit?.about("function \(name)")
        guard reference.qualifier == nil else {
            throw LambdaError.parameter("FunctionName: '\(body.functionName.prefix(64))' has a qualifier")
        }
        try call.context.caller?.require(name)
        guard catalog.current(name) == nil else {
            throw LambdaError.conflict("Function already exist: \(name)")
        }
        var configuration = FunctionConfiguration()
        configuration.contract = .lambda
        // As at AWS a new function has no URL: what has one is open to all.
        configuration.authentication = .token
        configuration.timeout = .seconds(3)
        configuration.labels = body.tags ?? [:]
        try LambdaTags.check(configuration.labels)
        try body.settings.apply(to: &configuration)
        try Self.checkArchitectures(body.architectures)
        let code = try LambdaCodeSource(body.code, packageType: body.packageType)
        var deployment = try await changes.deployment(code, body.settings, name, configuration, call)
        deployment.replaces = .nothing
        let revision = try await changes.deploy(deployment, call)
        let version = body.publish == true ? "\(revision.number)" : FunctionReference.latest
        return try LambdaCall.answer(
            LambdaFunctionBody(revision, version: version).withState(nil),
            .created
        )
    }

    func describe(_ call: LambdaCall) async throws -> Response {
        let found = try await changes.find(try call.reference())
        let revision = found.revision
        var description = LambdaFunctionDescription(
            configuration: try await withState(found),
            code: [
                "RepositoryType": "ECR", "ImageUri": revision.imageReference,
                "ResolvedImageUri":
                    "\(revision.imageReference.prefix { $0 != "@" })@\(revision.imageDigest)",
            ]
        )
        let labels = revision.configuration.labels
        if !labels.isEmpty { description.tags = labels }
        if let count = LambdaSettings.reserved(revision) {
            description.concurrency = ["ReservedConcurrentExecutions": count]
        }
        return try LambdaCall.answer(description)
    }

    func configuration(_ call: LambdaCall) async throws -> Response {
        try LambdaCall.answer(try await withState(try await changes.find(try call.reference())))
    }

    private func withState(_ found: LambdaChanges.Found) async throws -> LambdaFunctionBody {
        let body = LambdaFunctionBody(found.revision, version: found.version)
        guard found.version == FunctionReference.latest else { return body.withState(nil) }
        return body.withState(try await catalog.status(found.revision.function)?.failure)
    }

    func updateConfiguration(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let body = try await call.body(LambdaConfigurationUpdate.self)
        let revision = try await changes.change(name, revisionID: body.revisionID, call) { deployment in
            try body.settings.apply(to: &deployment.configuration)
            try LambdaChanges.checkProgram(body.settings, &deployment.configuration)
        }
        return try LambdaCall.answer(LambdaFunctionBody(revision).withState(nil))
    }

    func updateCode(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let body = try await call.body(LambdaCodeUpdate.self)
        try Self.checkArchitectures(body.architectures)
        let current = try changes.current(name, revisionID: body.revisionID)
        let wasZip = current.configuration.annotations[LambdaAnnotation.codeHash] != nil
        let code = try LambdaCodeSource(body.code, packageType: wasZip ? "Zip" : "Image")
        if body.dryRun == true { return try LambdaCall.answer(LambdaFunctionBody(current).withState(nil)) }
        var deployment = try await changes.deployment(
            code,
            LambdaFunctionSettings(),
            name,
            current.configuration,
            call
        )
        deployment.replaces = .revision(current.number)
        let revision = try await changes.deploy(deployment, call)
        let version = body.publish == true ? "\(revision.number)" : FunctionReference.latest
        return try LambdaCall.answer(LambdaFunctionBody(revision, version: version).withState(nil))
    }

    func list(_ call: LambdaCall) async throws -> Response {
        let page = try call.page(itemsMax: Self.pageMax)
        let known = catalog.revisions().filter { call.context.caller?.mayUse($0.function) ?? false }
        let (part, next) = page.cut(known) { $0.function.text }
        return try LambdaCall.answer(
            LambdaFunctionPage(functions: part.map { LambdaFunctionBody($0) }, nextMarker: next)
        )
    }

    func delete(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        guard catalog.current(name) != nil else {
            throw LambdaError.unknownFunction(FunctionReference.arn(name))
        }
        try await catalog.remove(name)
        return LambdaCall.done
    }

    private static func checkArchitectures(_ wanted: [String]?) throws(LambdaError) {
        guard let wanted, wanted != [LambdaFunctionBody.architecture] else { return }
        throw .parameter(
            "Architectures: '\(wanted.joined(separator: ", ").prefix(32))' is not valid, expected "
                + "\(LambdaFunctionBody.architecture), which this host has"
        )
    }

    /// What one host offers: its functions, and no bounds on their code but the disk's.
    func account(_ call: LambdaCall) throws -> Response {
        let revisions = catalog.revisions().filter { call.context.caller?.mayUse($0.function) ?? false }
        let sizes = revisions.map { LambdaFunctionBody($0).codeSize }
        let concurrency = revisions.reduce(0) { $0 + $1.configuration.concurrency }
        return try LambdaCall.answer([
            "AccountLimit": [
                "CodeSizeUnzipped": 262_144_000, "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": concurrency, "TotalCodeSize": 0,
                "UnreservedConcurrentExecutions": concurrency,
            ],
            "AccountUsage": ["FunctionCount": revisions.count, "TotalCodeSize": sizes.reduce(0, +)],
        ])
    }
}
