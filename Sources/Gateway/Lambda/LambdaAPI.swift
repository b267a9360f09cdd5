// SPDX-License-Identifier: Apache-2.0
// AWS Lambda's service API: one entry for all of its operations. OwnPaths adds it behind LambdaDoor.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// Serves or refuses each operation of the API.
struct LambdaAPI: Sendable {
    let functions: LambdaFunctions
    let invocations: LambdaInvocations
    let settings: LambdaSettings
    let aliases: LambdaAliases

    /// Every path of every version of the API; HEAD and OPTIONS are no method of it.
    func add(to router: RouterGroup<OwnContext>) {
        for version in LambdaRoute.versions.sorted() {
            for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
                router.on(RouterPath("/\(version)/**"), method: method, use: respond)
            }
        }
    }

    @Sendable private func respond(_ request: Request, _ context: OwnContext) async throws -> Response {
        guard let route = context.lambda else {
            throw LambdaError(404, "UnknownOperationException", "no operation has this method and path")
        }
        try LambdaDoor.check(context)
        let name = route.operation.rawValue
        switch route.operation.refusal {
        case .nothingThere(let reason): throw LambdaError.notFound("\(name): \(reason)")
        case .unserved(let reason): throw LambdaError.parameter("\(name) is not served: \(reason)")
        case nil: break
        }
        let call = LambdaCall(request: request, context: context, route: route)
        if let response = try await function(call) { return response }
        if let response = try await setting(call) { return response }
        throw LambdaError.parameter("\(name) is not served")
    }

    /// Functions, versions and calls; nil for other operations.
    private func function(_ call: LambdaCall) async throws -> Response? {
        switch call.route.operation {
        case .createFunction: try await functions.create(call)
        case .getFunction: try await functions.describe(call)
        case .getFunctionConfiguration: try await functions.configuration(call)
        case .updateFunctionConfiguration: try await functions.updateConfiguration(call)
        case .updateFunctionCode: try await functions.updateCode(call)
        case .listFunctions: try await functions.list(call)
        case .deleteFunction: try await functions.delete(call)
        case .publishVersion: try await functions.publish(call)
        case .listVersionsByFunction: try await functions.versions(call)
        case .createAlias: try await aliases.create(call)
        case .updateAlias: try await aliases.update(call)
        case .getAlias: try aliases.get(call)
        case .listAliases: try aliases.list(call)
        case .deleteAlias: try await aliases.delete(call)
        case .invoke: try await invocations.invoke(call)
        case .invokeAsync: try await invocations.invokeAsync(call)
        case .invokeWithResponseStream: try await invocations.stream(call)
        case .getAccountSettings: try functions.account(call)
        default: nil
        }
    }

    /// What is set of a function besides its configuration; nil for other operations.
    private func setting(_ call: LambdaCall) async throws -> Response? {
        switch call.route.operation {
        case .putFunctionConcurrency: try await settings.putConcurrency(call)
        case .getFunctionConcurrency: try settings.concurrency(call)
        case .deleteFunctionConcurrency: try await settings.deleteConcurrency(call)
        case .putFunctionEventInvokeConfig, .updateFunctionEventInvokeConfig:
            try await settings.putEvents(call)
        case .getFunctionEventInvokeConfig: try settings.events(call)
        case .deleteFunctionEventInvokeConfig: try await settings.deleteEvents(call)
        case .listFunctionEventInvokeConfigs: try settings.listEvents(call)
        case .createFunctionUrlConfig: try await settings.createURL(call)
        case .updateFunctionUrlConfig: try await settings.updateURL(call)
        case .getFunctionUrlConfig: try settings.url(call)
        case .deleteFunctionUrlConfig: try await settings.deleteURL(call)
        case .listFunctionUrlConfigs: try settings.listURLs(call)
        case .listTags: try settings.tags(call)
        case .tagResource: try await settings.tag(call)
        case .untagResource: try await settings.untag(call)
        default: nil
        }
    }
}
