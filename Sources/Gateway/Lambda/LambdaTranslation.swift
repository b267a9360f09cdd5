// SPDX-License-Identifier: Apache-2.0
// Between AWS Lambda's settings and a function's configuration, in both directions. LambdaFunctions drives it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import OCI

/// Annotations of what Mayfly has no key for and AWS's clients read back.
enum LambdaAnnotation {
    static let role = "lambda/role"
    static let description = "lambda/description"
    static let runtime = "lambda/runtime"
    static let handler = "lambda/handler"
    /// Of a ZIP archive, in Base64.
    static let codeHash = "lambda/code-sha256"
    static let codeSize = "lambda/code-size"
    /// When the function got its URL.
    static let url = "lambda/url"
    /// Its own key for calls at once: whether the number was reserved.
    static let reserved = "lambda/reserved-concurrency"
    /// When the settings of asynchronous calls were made.
    static let events = "lambda/event-invoke"
}

extension LambdaFunctionSettings {
    /// AWS's own bounds.
    private static let timeouts = 1...900
    private static let memories = 128...10_240
    private static let storages = 512...10_240

    /// Writes the settings into a configuration.
    ///
    /// - Throws: ``ModelError`` naming the setting; ``LambdaError`` for one that nothing corresponds to.
    func apply(to configuration: inout FunctionConfiguration) throws {
        for (name, value) in unserved.sorted(by: { $0.key < $1.key }) where !value.saysNothing {
            throw LambdaError.parameter("\(name) is not served: nothing here corresponds to it")
        }
        if let timeout {
            configuration.timeout = .seconds(try Self.require("Timeout", timeout, in: Self.timeouts))
        }
        if let memorySize {
            let count = try Self.require("MemorySize", memorySize, in: Self.memories)
            configuration.limits.memory = .mebibytes(count)
        }
        if let size = ephemeralStorage?.size {
            configuration.limits.disk = .mebibytes(
                try Self.require("EphemeralStorage.Size", size, in: Self.storages)
            )
        }
        if let environment { configuration.environment = environment.variables ?? [:] }
        if let imageConfig { try Self.apply(imageConfig, to: &configuration) }
        try Self.note(role, "Role", LambdaAnnotation.role, bytesMax: 2048, &configuration)
        try Self.note(description, "Description", LambdaAnnotation.description, bytesMax: 256, &configuration)
    }

    private static func apply(_ image: ImageConfig, to configuration: inout FunctionConfiguration) throws {
        if let words = image.entryPoint, !words.isEmpty {
            throw LambdaError.parameter("ImageConfig.EntryPoint is not served: set ENTRYPOINT in the image")
        }
        if let folder = image.workingDirectory, !folder.isEmpty {
            throw LambdaError.parameter(
                "ImageConfig.WorkingDirectory is not served: set WORKDIR in the image"
            )
        }
        configuration.command = image.command.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Keeps a text; an empty one takes it away.
    static func note(
        _ text: String?,
        _ field: String,
        _ key: String,
        bytesMax: Int,
        _ configuration: inout FunctionConfiguration
    ) throws(ModelError) {
        guard let text else { return }
        guard text.utf8.count <= bytesMax else {
            throw ModelError(
                field: field,
                value: String(text.prefix(32)),
                expected: "at most \(bytesMax) bytes"
            )
        }
        configuration.annotations[key] = text.isEmpty ? nil : text
    }

    static func require(_ field: String, _ value: Int, in range: ClosedRange<Int>) throws(ModelError) -> Int {
        guard range.contains(value) else {
            throw ModelError(
                field: field,
                value: "\(value)",
                expected: "\(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }
}

extension LambdaFunctionBody {
    /// A revision as AWS's clients read it.
    ///
    /// - Parameters:
    ///   - revision: of the function.
    ///   - version: `$LATEST`, or the revision's number.
    init(_ revision: Revision, version: String = FunctionReference.latest) {
        let configuration = revision.configuration
        let notes = configuration.annotations
        let isZip = notes[LambdaAnnotation.codeHash] != nil
        let isLatest = version == FunctionReference.latest
        self.init(
            functionName: revision.function.text,
            functionArn: FunctionReference.arn(revision.function, qualifier: isLatest ? nil : version),
            role: notes[LambdaAnnotation.role] ?? "",
            // An annotation can be set to anything: bounded, so that sums are.
            codeSize: min(max(0, notes[LambdaAnnotation.codeSize].flatMap { Int($0) } ?? 0), 1 << 40),
            codeSha256: notes[LambdaAnnotation.codeHash] ?? revision.imageDigest.hex,
            description: notes[LambdaAnnotation.description] ?? "",
            timeout: max(1, Int((configuration.timeout.duration / .seconds(1)).rounded(.up))),
            memorySize: max(1, configuration.limits.memory.bytes >> 20),
            lastModified: Self.timestamp(revision.createdAt),
            version: version,
            packageType: isZip ? "Zip" : "Image",
            architectures: [Self.architecture],
            ephemeralStorage: max(1, configuration.limits.disk.bytes >> 20),
            revisionId: Self.revisionID(revision)
        )
        runtime = notes[LambdaAnnotation.runtime]
        handler = notes[LambdaAnnotation.handler]
        if !configuration.environment.isEmpty { environment = ["Variables": configuration.environment] }
        if !isZip, let command = configuration.command {
            imageConfigResponse = ["ImageConfig": .init(command: command)]
        }
    }

    /// The same with the state that waiters ask for; a deploy has ended when it answers.
    ///
    /// - Parameter failure: why the last sandbox could not be made.
    /// - Returns: the body.
    func withState(_ failure: String?) -> LambdaFunctionBody {
        var body = self
        body.state = "Active"
        body.lastUpdateStatus = "Successful"
        body.stateReason = failure
        if failure != nil { body.stateReasonCode = "FunctionError" }
        return body
    }

    /// In AWS's words; functions run on this host.
    static var architecture: String { Platform.host.architecture == "arm64" ? "arm64" : "x86_64" }

    /// `2026-01-01T00:00:00.000+0000`.
    static func timestamp(_ date: Date) -> String {
        let text = APIJSON.timestamp(date)
        return text.hasSuffix("Z") ? String(text.dropLast()) + "+0000" : text
    }

    /// A name of one revision.
    static func revisionID(_ revision: Revision) -> String {
        identifier("\(revision.function)/\(revision.number)/\(revision.createdAt.timeIntervalSince1970)")
    }

    /// A name of what a text describes, in the form of a UUID.
    static func identifier(_ seed: String) -> String {
        let digits = Array(Digest(of: seed.utf8).hex.utf8.prefix(32))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return text
    }
}
