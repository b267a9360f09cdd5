// SPDX-License-Identifier: Apache-2.0
// Function URLs of AWS Lambda's API, each a route of its function. LambdaAPI drives it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

extension LambdaSettings {
    /// The route that a URL leads to.
    private static func route(_ name: FunctionName) throws(ModelError) -> Route {
        try Route("/lambda-url/\(name)/*")
    }

    func createURL(_ call: LambdaCall) async throws -> Response {
        let name = try call.wholeFunction()
        let body = try await call.body(LambdaURLSettings.self)
        guard body.authentication != nil else { throw LambdaError.parameter("AuthType is missing") }
        guard !Self.hasURL(try revision(call)) else {
            throw LambdaError.conflict(
                "FunctionUrlConfig exists for this Lambda function \(FunctionReference.arn(name))"
            )
        }
        let revision = try await changes.change(name, call) { deployment in
            try Self.apply(body, to: &deployment.configuration)
            let route = try Self.route(name)
            if !deployment.configuration.routes.contains(route) {
                deployment.configuration.routes.append(route)
            }
            deployment.configuration.annotations[LambdaAnnotation.url] = APIJSON.timestamp(Date())
        }
        return try LambdaCall.answer(Self.body(revision, call), .created)
    }

    func updateURL(_ call: LambdaCall) async throws -> Response {
        let name = try revisionWithURL(call).function
        let body = try await call.body(LambdaURLSettings.self)
        let revision = try await changes.change(name, call) { deployment in
            try Self.apply(body, to: &deployment.configuration)
        }
        return try LambdaCall.answer(Self.body(revision, call))
    }

    func url(_ call: LambdaCall) throws -> Response {
        try LambdaCall.answer(Self.body(try revisionWithURL(call), call))
    }

    func listURLs(_ call: LambdaCall) throws -> Response {
        let revision = try revision(call)
        return try LambdaCall.answer([
            "FunctionUrlConfigs": Self.hasURL(revision) ? [Self.body(revision, call)] : []
        ])
    }

    /// The function is open to callers with a token alone then, as one that never had a URL.
    func deleteURL(_ call: LambdaCall) async throws -> Response {
        let name = try revisionWithURL(call).function
        let route = try Self.route(name)
        try await changes.change(name, call) { deployment in
            deployment.configuration.routes.removeAll { $0 == route }
            deployment.configuration.annotations[LambdaAnnotation.url] = nil
            deployment.configuration.cors = nil
            deployment.configuration.stream = false
            if deployment.configuration.authentication == .none {
                deployment.configuration.authentication = .token
            }
        }
        return LambdaCall.done
    }

    private static func hasURL(_ revision: Revision) -> Bool {
        revision.configuration.annotations[LambdaAnnotation.url] != nil
    }

    private func revisionWithURL(_ call: LambdaCall) throws(LambdaError) -> Revision {
        let revision = try revision(call)
        guard Self.hasURL(revision) else { throw .notFound("The resource you requested does not exist.") }
        return revision
    }

    private static func apply(_ body: LambdaURLSettings, to configuration: inout FunctionConfiguration) throws
    {
        switch body.authentication {
        case nil: break
        case "NONE", "AWS_IAM":
            if case .hmac = configuration.authentication {
                throw LambdaError.conflict("AuthType: the function's callers sign with 'auth: hmac'")
            }
            configuration.authentication = body.authentication == "NONE" ? .none : .token
        case let other?:
            throw LambdaError.parameter(
                "AuthType: '\(other.prefix(32))' is not valid, expected NONE or AWS_IAM"
            )
        }
        switch body.mode {
        case nil: break
        case "BUFFERED": configuration.stream = false
        case "RESPONSE_STREAM": configuration.stream = true
        case let other?:
            throw LambdaError.parameter(
                "InvokeMode: '\(other.prefix(32))' is not valid, expected BUFFERED or RESPONSE_STREAM"
            )
        }
        if let cors = body.cors { configuration.cors = try self.cors(cors) }
    }

    /// Of AWS's settings only the origins are a choice here.
    private static func cors(_ cors: LambdaURLSettings.Cors) throws(LambdaError) -> CORSConfiguration? {
        let others = [
            ("AllowCredentials", cors.credentials), ("AllowHeaders", cors.headers),
            ("AllowMethods", cors.methods), ("ExposeHeaders", cors.exposed),
        ]
        for (name, value) in others {
            guard let value, !value.saysNothing, value != .list([.text("*")]) else { continue }
            throw .parameter("Cors.\(name) is not served: origins alone are a choice")
        }
        guard cors.age == nil else {
            throw .parameter("Cors.MaxAge is not served: origins alone are a choice")
        }
        return cors.origins.flatMap { $0.isEmpty ? nil : CORSConfiguration(origins: $0) }
    }

    private static func body(_ revision: Revision, _ call: LambdaCall) -> LambdaURLBody {
        let origin = call.context.call
        let isSecure = origin.client.isSecure ?? origin.connection.isSecure
        let configuration = revision.configuration
        let created = configuration.annotations[LambdaAnnotation.url].flatMap(APIJSON.date)
        var body = LambdaURLBody(
            functionUrl: (isSecure ? "https://" : "http://") + (call.request.head.authority ?? "localhost")
                + "/lambda-url/\(revision.function)/",
            functionArn: FunctionReference.arn(revision.function),
            authType: configuration.authentication == .none ? "NONE" : "AWS_IAM",
            creationTime: LambdaFunctionBody.timestamp(created ?? revision.createdAt),
            lastModifiedTime: LambdaFunctionBody.timestamp(revision.createdAt),
            invokeMode: configuration.stream ? "RESPONSE_STREAM" : "BUFFERED"
        )
        if let cors = configuration.cors { body.cors = ["AllowOrigins": cors.origins] }
        return body
    }
}
