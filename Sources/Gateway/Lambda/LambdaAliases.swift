// SPDX-License-Identifier: Apache-2.0
// Aliases of AWS Lambda's API, which are those of the function. LambdaAPI drives it.

import FunctionModel
import GatewayAPI
import Hummingbird
import OCI
import Scheduler

/// CreateAlias and its like.
struct LambdaAliases: Sendable {
    let catalog: any FunctionCatalog

    /// Aliases of one page: AWS's own bound.
    private static let pageMax = 50

    func create(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let body = try await call.body(LambdaAliasCreation.self)
        let alias = try AliasName(body.name)
        guard try !known(name).contains(where: { $0.name == alias }) else {
            throw LambdaError.conflict(
                "Alias already exists: \(FunctionReference.arn(name, qualifier: alias.text))"
            )
        }
        let made = try Self.alias(alias, body.version, body.routing)
        try Self.check(description: body.description)
        try await catalog.setAlias(made, of: name)
        return try LambdaCall.answer(LambdaAliasBody(made, of: name), .created)
    }

    func update(_ call: LambdaCall) async throws -> Response {
        let (name, current) = try found(call)
        let body = try await call.body(LambdaAliasUpdate.self)
        try Self.check(description: body.description)
        if let id = body.revisionID, id != LambdaAliasBody(current, of: name).revisionId {
            throw LambdaError(
                412,
                "PreconditionFailedException",
                "The RevisionId provided is not the alias's"
            )
        }
        let (version, weights) = LambdaAliasBody.parts(current)
        let made = try Self.alias(
            current.name,
            body.version ?? "\(version)",
            body.routing ?? LambdaRouting(weights: weights)
        )
        try await catalog.setAlias(made, of: name)
        return try LambdaCall.answer(LambdaAliasBody(made, of: name))
    }

    func get(_ call: LambdaCall) throws -> Response {
        let (name, alias) = try found(call)
        return try LambdaCall.answer(LambdaAliasBody(alias, of: name))
    }

    func list(_ call: LambdaCall) throws -> Response {
        let name = try call.wholeFunction()
        var aliases = try known(name)
        if let version = call.context.query("FunctionVersion"), !version.isEmpty {
            aliases.removeAll { alias in !alias.targets.contains { "\($0.revision)" == version } }
        }
        let (part, next) = try call.page(itemsMax: Self.pageMax).cut(aliases) { $0.name.text }
        return try LambdaCall.answer(
            LambdaAliasPage(aliases: part.map { LambdaAliasBody($0, of: name) }, nextMarker: next)
        )
    }

    func delete(_ call: LambdaCall) async throws -> Response {
        let (name, alias) = try found(call)
        try await catalog.removeAlias(alias.name, of: name)
        return LambdaCall.done
    }

    private func known(_ name: FunctionName) throws(LambdaError) -> [FunctionAlias] {
        guard let aliases = catalog.aliases(of: name) else {
            throw .unknownFunction(FunctionReference.arn(name))
        }
        return aliases
    }

    /// The alias that the path names.
    private func found(_ call: LambdaCall) throws -> (FunctionName, FunctionAlias) {
        let name = try call.wholeFunction()
        guard let alias = try known(name).first(where: { $0.name.text == call.route.item }) else {
            let arn = FunctionReference.arn(name, qualifier: String(call.route.item.prefix(128)))
            throw LambdaError.notFound("Cannot find alias arn: \(arn)")
        }
        return (name, alias)
    }

    private static func check(description: String?) throws(LambdaError) {
        guard description?.isEmpty ?? true else {
            throw .parameter("Description is not served: an alias has none")
        }
    }

    /// The first version gets what the others leave.
    private static func alias(_ name: AliasName, _ version: String, _ routing: LambdaRouting?) throws
        -> FunctionAlias
    {
        guard let number = Int(version) else {
            throw LambdaError.parameter(
                "FunctionVersion: '\(version.prefix(32))' is not valid, expected the number of a version"
            )
        }
        var given: [(revision: Int, percent: Double?)] = [(number, nil)]
        for (text, weight) in (routing?.weights ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let other = Int(text), other != number, (0...1).contains(weight) else {
                throw LambdaError.parameter(
                    "RoutingConfig.AdditionalVersionWeights: '\(text.prefix(32))' needs to be another version, "
                        + "with a weight from 0 to 1"
                )
            }
            // Three decimals of a percent, which is all that a share has.
            if weight > 0 { given.append((other, (weight * 100_000).rounded() / 1000)) }
        }
        return try FunctionAlias(name: name, targets: try FunctionAlias.targets(given))
    }
}

extension LambdaAliasBody {
    /// The version with the largest share, and the others with their weights.
    static func parts(_ alias: FunctionAlias) -> (version: Int, weights: [String: Double]) {
        let main = alias.targets.max { ($0.share, $0.revision) < ($1.share, $1.revision) }
        let version = main?.revision ?? 0
        let others = alias.targets.filter { $0.revision != version }
        return (
            version,
            Dictionary(uniqueKeysWithValues: others.map { ("\($0.revision)", $0.share.percent / 100) })
        )
    }

    init(_ alias: FunctionAlias, of name: FunctionName) {
        let (version, weights) = Self.parts(alias)
        let seed = alias.targets.map { "\($0.revision)=\($0.share)" }.joined(separator: " ")
        self.init(
            aliasArn: FunctionReference.arn(name, qualifier: alias.name.text),
            name: alias.name.text,
            functionVersion: "\(version)",
            revisionId: LambdaFunctionBody.identifier("\(name):\(alias.name) \(seed)")
        )
        if !weights.isEmpty { routingConfig = ["AdditionalVersionWeights": weights] }
    }
}
