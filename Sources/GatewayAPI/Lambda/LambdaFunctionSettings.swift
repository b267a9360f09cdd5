// SPDX-License-Identifier: Apache-2.0
// What requests of AWS Lambda's API say of a function. Creation and update of the configuration share it.

package import FunctionModel

/// The settings of a function; nil leaves each as it is.
package struct LambdaFunctionSettings: Codable, Hashable, Sendable {
    package var description: String?
    /// Seconds.
    package var timeout: Int?
    /// MiB.
    package var memorySize: Int?
    package var role: String?
    package var handler: String?
    package var runtime: String?
    package var environment: Environment?
    package var imageConfig: ImageConfig?
    package var ephemeralStorage: EphemeralStorage?
    /// Settings that nothing here corresponds to, by name.
    package var unserved: [String: LambdaValue] = [:]

    /// Variables.
    package struct Environment: Codable, Hashable, Sendable {
        package var variables: [String: String]?

        package enum CodingKeys: String, CodingKey, CaseIterable { case variables = "Variables" }
    }

    /// What a function's program is, instead of what its image says.
    package struct ImageConfig: Codable, Hashable, Sendable {
        package var entryPoint: [String]?
        package var command: [String]?
        package var workingDirectory: String?

        package enum CodingKeys: String, CodingKey, CaseIterable {
            case entryPoint = "EntryPoint"
            case command = "Command"
            case workingDirectory = "WorkingDirectory"
        }

        package init(command: [String]?) { self.command = command }
    }

    /// The writable layer, in MiB.
    package struct EphemeralStorage: Codable, Hashable, Sendable {
        package var size: Int

        package enum CodingKeys: String, CodingKey, CaseIterable { case size = "Size" }

        package init(size: Int) { self.size = size }
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case description = "Description"
        case timeout = "Timeout"
        case memorySize = "MemorySize"
        case role = "Role"
        case handler = "Handler"
        case runtime = "Runtime"
        case environment = "Environment"
        case imageConfig = "ImageConfig"
        case ephemeralStorage = "EphemeralStorage"
    }

    /// Settings that may be sent as long as they say nothing.
    package enum Unserved: String, CodingKey, CaseIterable {
        case vpcConfig = "VpcConfig"
        case deadLetterConfig = "DeadLetterConfig"
        case kmsKey = "KMSKeyArn"
        case tracingConfig = "TracingConfig"
        case layers = "Layers"
        case fileSystemConfigs = "FileSystemConfigs"
        case snapStart = "SnapStart"
        case loggingConfig = "LoggingConfig"
        case durableConfig = "DurableConfig"
        case capacityProviderConfig = "CapacityProviderConfig"
        case runtimeConfig = "RuntimeConfig"
        case acceleratorConfig = "AcceleratorConfig"
        case tenancyConfig = "TenancyConfig"
        case codeSigningConfig = "CodeSigningConfigArn"
        case publishTo = "PublishTo"
    }

    package init() {}

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        description = try values.decodeIfPresent(String.self, forKey: .description)
        timeout = try values.decodeIfPresent(Int.self, forKey: .timeout)
        memorySize = try values.decodeIfPresent(Int.self, forKey: .memorySize)
        role = try values.decodeIfPresent(String.self, forKey: .role)
        handler = try values.decodeIfPresent(String.self, forKey: .handler)
        runtime = try values.decodeIfPresent(String.self, forKey: .runtime)
        environment = try values.decodeIfPresent(Environment.self, forKey: .environment)
        imageConfig = try values.decodeIfPresent(ImageConfig.self, forKey: .imageConfig)
        ephemeralStorage = try values.decodeIfPresent(EphemeralStorage.self, forKey: .ephemeralStorage)
        let others = try decoder.container(keyedBy: Unserved.self)
        for key in Unserved.allCases {
            unserved[key.rawValue] = try others.decodeIfPresent(LambdaValue.self, forKey: key)
        }
    }

    /// The keys of all settings, for the trees of the bodies that hold them.
    package static let members: [KeyTree.Member] =
        KeyTree.object(of: CodingKeys.self) { key in
            switch key {
            case .environment: .object([.init("Variables", .map)])
            case .imageConfig: .object(of: ImageConfig.CodingKeys.self)
            case .ephemeralStorage: .object(of: EphemeralStorage.CodingKeys.self)
            default: .value
            }
        }.members
        + Unserved.allCases.map { .init($0.rawValue, $0 == .fileSystemConfigs ? .list(.map) : .map) }
}
