// SPDX-License-Identifier: Apache-2.0
// The operations of AWS Lambda's service API that Mayfly refuses, and why. Gateway answers with the reason.

extension LambdaOperation {
    /// Why an operation is refused.
    package enum Refusal: Hashable, Sendable {
        /// Mayfly has nothing that it could do.
        case unserved(String)
        /// It asks for a thing of a kind that cannot exist here.
        case nothingThere(String)
    }

    /// Nil for operations that are served.
    package var refusal: Refusal? {
        switch self {
        case .getPolicy, .removePermission, .getResourcePolicy, .deleteResourcePolicy:
            .nothingThere("there are no resource policies: tokens say who may call a function")
        case .addPermission, .putResourcePolicy:
            .unserved("there are no resource policies: a token's scopes and functions say who may call")
        case .addLayerVersionPermission, .deleteLayerVersion, .getLayerVersion, .getLayerVersionByArn,
            .getLayerVersionPolicy, .listLayerVersions, .listLayers, .publishLayerVersion,
            .removeLayerVersionPermission:
            .unserved("there are no Lambda layers: put their files into the function's image")
        case .createEventSourceMapping, .deleteEventSourceMapping, .getEventSourceMapping,
            .listEventSourceMappings, .updateEventSourceMapping:
            .unserved("there are no event sources: schedules and asynchronous calls start functions")
        case .createCodeSigningConfig, .deleteCodeSigningConfig, .deleteFunctionCodeSigningConfig,
            .getCodeSigningConfig, .getFunctionCodeSigningConfig, .listCodeSigningConfigs,
            .listFunctionsByCodeSigningConfig, .putFunctionCodeSigningConfig, .updateCodeSigningConfig:
            .unserved("code is not signed: a revision names its image by digest")
        case .createCapacityProvider, .deleteCapacityProvider, .getCapacityProvider, .listCapacityProviders,
            .listFunctionVersionsByCapacityProvider, .updateCapacityProvider, .getFunctionScalingConfig,
            .putFunctionScalingConfig:
            .unserved("there are no capacity providers: this host is the capacity")
        case .checkpointDurableExecution, .deleteDurableExecution, .getDurableExecution,
            .getDurableExecutionHistory, .getDurableExecutionState, .listDurableExecutionsByFunction,
            .pauseDurableExecution, .resumeDurableExecution, .sendDurableExecutionCallbackFailure,
            .sendDurableExecutionCallbackHeartbeat, .sendDurableExecutionCallbackSuccess,
            .stopDurableExecution:
            .unserved("there are no durable executions")
        case .getFunctionRecursionConfig, .putFunctionRecursionConfig:
            .unserved("loops between functions are not detected")
        case .getProvisionedConcurrencyConfig:
            .nothingThere(
                "a version has no provisioned concurrency: 'warm' of a function keeps sandboxes ready"
            )
        case .putProvisionedConcurrencyConfig, .deleteProvisionedConcurrencyConfig,
            .listProvisionedConcurrencyConfigs:
            .unserved("a version never changes: deploy the function with 'warm', and publish that")
        case .getRuntimeManagementConfig, .putRuntimeManagementConfig:
            .unserved("runtimes are images: an update is a deploy of another image")
        default: nil
        }
    }
}
