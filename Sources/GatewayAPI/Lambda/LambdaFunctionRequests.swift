// SPDX-License-Identifier: Apache-2.0
// Bodies with which AWS Lambda's clients create and change a function.

package import FunctionModel

/// Where a function's code comes from.
package struct LambdaCode: Codable, Hashable, Sendable {
    package var imageURI: String?
    /// A ZIP archive in Base64.
    package var zipFile: String?
    package var bucket: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case imageURI = "ImageUri"
        case zipFile = "ZipFile"
        case bucket = "S3Bucket"
    }

    /// Further keys of a bucket's object, which is refused by the name of the bucket.
    package static let ignored = ["S3Key", "S3ObjectVersion", "S3ObjectStorageMode", "SourceKMSKeyArn"]
}

/// The body of CreateFunction.
package struct LambdaFunctionCreation: StrictBody {
    package var functionName: String
    package var code: LambdaCode
    package var packageType: String?
    package var publish: Bool?
    package var architectures: [String]?
    package var tags: [String: String]?
    package var settings: LambdaFunctionSettings

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case functionName = "FunctionName"
        case code = "Code"
        case packageType = "PackageType"
        case publish = "Publish"
        case architectures = "Architectures"
        case tags = "Tags"
    }

    package static let keys = KeyTree.object(
        KeyTree.object(of: CodingKeys.self) { key in
            switch key {
            case .code:
                .object(
                    KeyTree.object(of: LambdaCode.CodingKeys.self).members
                        + LambdaCode.ignored.map { .init($0) }
                )
            case .tags: .map
            default: .value
            }
        }.members + LambdaFunctionSettings.members
    )

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        functionName = try values.decode(String.self, forKey: .functionName)
        code = try values.decode(LambdaCode.self, forKey: .code)
        packageType = try values.decodeIfPresent(String.self, forKey: .packageType)
        publish = try values.decodeIfPresent(Bool.self, forKey: .publish)
        architectures = try values.decodeIfPresent([String].self, forKey: .architectures)
        tags = try values.decodeIfPresent([String: String].self, forKey: .tags)
        settings = try LambdaFunctionSettings(from: decoder)
    }
}

/// The body of UpdateFunctionConfiguration.
package struct LambdaConfigurationUpdate: StrictBody {
    package var revisionID: String?
    package var settings: LambdaFunctionSettings

    package enum CodingKeys: String, CodingKey, CaseIterable { case revisionID = "RevisionId" }

    package static let keys = KeyTree.object(
        KeyTree.object(of: CodingKeys.self).members + LambdaFunctionSettings.members
    )

    package init(from decoder: any Decoder) throws {
        revisionID = try decoder.container(keyedBy: CodingKeys.self)
            .decodeIfPresent(String.self, forKey: .revisionID)
        settings = try LambdaFunctionSettings(from: decoder)
    }
}

/// The body of UpdateFunctionCode.
package struct LambdaCodeUpdate: StrictBody {
    package var code: LambdaCode
    package var publish: Bool?
    package var dryRun: Bool?
    package var revisionID: String?
    package var architectures: [String]?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case publish = "Publish"
        case dryRun = "DryRun"
        case revisionID = "RevisionId"
        case architectures = "Architectures"
    }

    package static let keys = KeyTree.object(
        KeyTree.object(of: CodingKeys.self).members
            + KeyTree.object(of: LambdaCode.CodingKeys.self).members
            + LambdaCode.ignored.map { .init($0) }
    )

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        code = try LambdaCode(from: decoder)
        publish = try values.decodeIfPresent(Bool.self, forKey: .publish)
        dryRun = try values.decodeIfPresent(Bool.self, forKey: .dryRun)
        revisionID = try values.decodeIfPresent(String.self, forKey: .revisionID)
        architectures = try values.decodeIfPresent([String].self, forKey: .architectures)
    }
}
