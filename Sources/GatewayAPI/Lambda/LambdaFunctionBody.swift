// SPDX-License-Identifier: Apache-2.0
// A function as AWS Lambda's clients read it. Gateway fills it in.

/// `FunctionConfiguration` of AWS Lambda's API.
package struct LambdaFunctionBody: Codable, Hashable, Sendable {
    package var functionName: String
    package var functionArn: String
    package var runtime: String?
    package var role: String
    package var handler: String?
    package var codeSize: Int
    package var codeSha256: String
    package var description: String
    package var timeout: Int
    package var memorySize: Int
    package var lastModified: String
    package var version: String
    package var environment: [String: [String: String]]?
    package var packageType: String
    package var imageConfigResponse: [String: LambdaFunctionSettings.ImageConfig]?
    package var architectures: [String]
    package var ephemeralStorage: LambdaFunctionSettings.EphemeralStorage
    package var tracingConfig = ["Mode": "PassThrough"]
    package var snapStart = ["ApplyOn": "None", "OptimizationStatus": "Off"]
    package var loggingConfig: [String: String]
    package var revisionId: String
    package var state: String?
    package var stateReason: String?
    package var stateReasonCode: String?
    package var lastUpdateStatus: String?

    package init(
        functionName: String,
        functionArn: String,
        role: String,
        codeSize: Int,
        codeSha256: String,
        description: String,
        timeout: Int,
        memorySize: Int,
        lastModified: String,
        version: String,
        packageType: String,
        architectures: [String],
        ephemeralStorage: Int,
        revisionId: String
    ) {
        self.functionName = functionName
        self.functionArn = functionArn
        self.role = role
        self.codeSize = codeSize
        self.codeSha256 = codeSha256
        self.description = description
        self.timeout = timeout
        self.memorySize = memorySize
        self.lastModified = lastModified
        self.version = version
        self.packageType = packageType
        self.architectures = architectures
        self.ephemeralStorage = LambdaFunctionSettings.EphemeralStorage(size: ephemeralStorage)
        self.revisionId = revisionId
        loggingConfig = ["LogFormat": "Text", "LogGroup": "/aws/lambda/" + functionName]
    }
}

/// The answer of GetFunction.
package struct LambdaFunctionDescription: Codable, Hashable, Sendable {
    package var configuration: LambdaFunctionBody
    package var code: [String: String]
    package var tags: [String: String]?
    package var concurrency: [String: Int]?

    package init(configuration: LambdaFunctionBody, code: [String: String]) {
        self.configuration = configuration
        self.code = code
    }
}

/// One page of ListFunctions.
package struct LambdaFunctionPage: Codable, Hashable, Sendable {
    package var functions: [LambdaFunctionBody]
    package var nextMarker: String?

    package init(functions: [LambdaFunctionBody], nextMarker: String?) {
        self.functions = functions
        self.nextMarker = nextMarker
    }
}

/// One page of ListVersionsByFunction.
package struct LambdaVersionPage: Codable, Hashable, Sendable {
    package var versions: [LambdaFunctionBody]
    package var nextMarker: String?

    package init(versions: [LambdaFunctionBody], nextMarker: String?) {
        self.versions = versions
        self.nextMarker = nextMarker
    }
}
