// SPDX-License-Identifier: Apache-2.0
// Small bodies of AWS Lambda's API: versions, concurrency, asynchronous calls, URLs and tags.

package import FunctionModel

/// The body of PublishVersion.
package struct LambdaPublication: StrictBody {
    package var codeHash: String?
    package var description: String?
    package var revisionID: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case codeHash = "CodeSha256"
        case description = "Description"
        case revisionID = "RevisionId"
    }

    package static let keys = KeyTree.object(of: CodingKeys.self)

    package init() {}
}

/// The body of PutFunctionConcurrency.
package struct LambdaConcurrency: StrictBody {
    package var reserved: Int

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reserved = "ReservedConcurrentExecutions"
    }

    package static let keys = KeyTree.object(of: CodingKeys.self)
}

/// The body of PutFunctionEventInvokeConfig and UpdateFunctionEventInvokeConfig.
package struct LambdaEventSettings: StrictBody {
    package var retries: Int?
    /// Seconds.
    package var age: Int?
    package var destinations: LambdaValue?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case retries = "MaximumRetryAttempts"
        case age = "MaximumEventAgeInSeconds"
        case destinations = "DestinationConfig"
    }

    package static let keys = KeyTree.object(of: CodingKeys.self) { $0 == .destinations ? .map : .value }
}

/// The body of CreateFunctionUrlConfig and UpdateFunctionUrlConfig.
package struct LambdaURLSettings: StrictBody {
    package var authentication: String?
    package var mode: String?
    package var cors: Cors?

    /// Pages of other origins.
    package struct Cors: Codable, Hashable, Sendable {
        package var origins: [String]?
        package var credentials: LambdaValue?
        package var headers: LambdaValue?
        package var methods: LambdaValue?
        package var exposed: LambdaValue?
        package var age: Int?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case origins = "AllowOrigins"
            case credentials = "AllowCredentials"
            case headers = "AllowHeaders"
            case methods = "AllowMethods"
            case exposed = "ExposeHeaders"
            case age = "MaxAge"
        }
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case authentication = "AuthType"
        case mode = "InvokeMode"
        case cors = "Cors"
    }

    package static let keys = KeyTree.object(of: CodingKeys.self) {
        $0 == .cors ? .object(of: Cors.CodingKeys.self) : .value
    }
}

/// The body of TagResource.
package struct LambdaTags: StrictBody {
    package var tags: [String: String]

    package enum CodingKeys: String, CodingKey, CaseIterable { case tags = "Tags" }

    package static let keys = KeyTree.object([.init("Tags", .map)])
}

/// How asynchronous calls of a function are tried again.
package struct LambdaEventBody: Codable, Hashable, Sendable {
    package var functionArn: String
    /// Unix time in seconds.
    package var lastModified: Double
    package var maximumRetryAttempts: Int
    package var maximumEventAgeInSeconds: Int?

    package init(functionArn: String, lastModified: Double, maximumRetryAttempts: Int) {
        self.functionArn = functionArn
        self.lastModified = lastModified
        self.maximumRetryAttempts = maximumRetryAttempts
    }
}

/// The URL of a function.
package struct LambdaURLBody: Codable, Hashable, Sendable {
    package var functionUrl: String
    package var functionArn: String
    package var authType: String
    package var creationTime: String
    package var lastModifiedTime: String
    package var invokeMode: String
    package var cors: [String: [String]]?

    package init(
        functionUrl: String,
        functionArn: String,
        authType: String,
        creationTime: String,
        lastModifiedTime: String,
        invokeMode: String
    ) {
        self.functionUrl = functionUrl
        self.functionArn = functionArn
        self.authType = authType
        self.creationTime = creationTime
        self.lastModifiedTime = lastModifiedTime
        self.invokeMode = invokeMode
    }
}
