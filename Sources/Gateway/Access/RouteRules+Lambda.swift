// SPDX-License-Identifier: Apache-2.0
// The scope that each operation of AWS Lambda's API asks for. LambdaDoor checks it.

import FunctionModel
import GatewayAPI

extension RouteRules {
    /// The rule of an operation: who calls functions needs `invoke`, who reads `read`, who changes `deploy`.
    ///
    /// Operations that Mayfly refuses have one too: a caller without rights learns nothing from them.
    static func rule(_ operation: LambdaOperation) -> RouteRule {
        switch operation {
        case .invoke, .invokeAsync, .invokeWithResponseStream: RouteRule(scope: .invoke, subject: .path)
        case .getAccountSettings: RouteRule(scope: .read, subject: .nothing)
        // The function is in the body, in an ARN, or any: the handler leaves out or refuses.
        case .listFunctions, .listTags: RouteRule(scope: .read, subject: .handler)
        case .createFunction, .tagResource, .untagResource: RouteRule(scope: .deploy, subject: .handler)
        default:
            RouteRule(
                scope: operation.isReading ? .read : .deploy,
                subject: operation.namesFunction ? .path : .everything
            )
        }
    }
}
