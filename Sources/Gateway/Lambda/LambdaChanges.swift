// SPDX-License-Identifier: Apache-2.0
// Finds functions and makes their next revision, for every operation of AWS Lambda's API that changes one.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import Hummingbird
import Scheduler

/// Where a function's code comes from, checked.
enum LambdaCodeSource: Hashable, Sendable {
    case image(String)
    /// A ZIP archive.
    case zip([UInt8])

    /// - Parameters:
    ///   - code: as the request has it.
    ///   - packageType: `Image` or `Zip`; nil: what the code is.
    /// - Throws: ``LambdaError``.
    init(_ code: LambdaCode, packageType: String?) throws(LambdaError) {
        if code.bucket != nil {
            throw .parameter(
                "Code.S3Bucket is not served: send the archive as Code.ZipFile, or name an image"
            )
        }
        let type = packageType ?? (code.imageURI == nil ? "Zip" : "Image")
        switch (type, code.imageURI, code.zipFile) {
        case ("Image", let reference?, nil):
            guard !reference.isEmpty else { throw .parameter("Code.ImageUri is empty") }
            self = .image(reference)
        case ("Zip", nil, let text?):
            guard let bytes = Data(base64Encoded: text) else {
                throw .parameter("Code.ZipFile is not Base64")
            }
            self = .zip(Array(bytes))
        case ("Image", _, _):
            throw .parameter("Code needs ImageUri, and nothing else, with PackageType Image")
        case ("Zip", _, _): throw .parameter("Code needs ZipFile, and nothing else, with PackageType Zip")
        default: throw .parameter("PackageType: '\(type.prefix(32))' is not valid, expected Image or Zip")
        }
    }
}

/// Changes of functions.
struct LambdaChanges: Sendable {
    let catalog: any FunctionCatalog
    let deployer: FunctionDeployer
    let packages: LambdaPackages

    /// A revision, and what AWS's clients call it.
    struct Found: Sendable {
        var revision: Revision
        /// `$LATEST` or a number.
        var version = FunctionReference.latest
    }

    /// The revision that a reference means.
    ///
    /// - Throws: ``LambdaError`` 404.
    func find(_ reference: FunctionReference) async throws -> Found {
        guard let current = catalog.current(reference.name) else {
            throw LambdaError.unknownFunction(reference.arn)
        }
        guard let qualifier = reference.qualifier else { return Found(revision: current) }
        // Of an alias the version with the largest share.
        let alias = catalog.aliases(of: reference.name)?.first { $0.name.text == qualifier }
        guard let number = reference.version ?? alias.map({ LambdaAliasBody.parts($0).version }),
            let kept = try await catalog.keptRevisions(of: reference.name).first(where: {
                $0.number == number
            })
        else { throw LambdaError.unknownFunction(reference.arn) }
        return Found(revision: kept, version: "\(number)")
    }

    /// The newest revision.
    ///
    /// - Throws: ``LambdaError`` 404, or 412 when the caller has seen another one.
    func current(_ name: FunctionName, revisionID: String?) throws(LambdaError) -> Revision {
        guard let current = catalog.current(name) else {
            throw .unknownFunction(FunctionReference.arn(name))
        }
        if let revisionID, revisionID != LambdaFunctionBody.revisionID(current) {
            throw LambdaError(
                412,
                "PreconditionFailedException",
                "The RevisionId provided does not match the latest RevisionId. Call the GetFunction API "
                    + "to retrieve the latest RevisionId of your function."
            )
        }
        return current
    }

    /// Deploys the newest revision's image with a changed configuration.
    ///
    /// - Throws: what `edit` throws; ``LambdaError``, ``CatalogError``, ``Problem``.
    @discardableResult
    func change(
        _ name: FunctionName,
        revisionID: String? = nil,
        _ call: LambdaCall,
        _ edit: (inout Deployment) throws -> Void
    ) async throws -> Revision {
        let current = try current(name, revisionID: revisionID)
        var deployment = Deployment(
            name: name,
            imageReference: current.imageReference,
            configuration: current.configuration
        )
        deployment.imageDigest = current.imageDigest
        deployment.replaces = .revision(current.number)
        try edit(&deployment)
        guard deployment.configuration != current.configuration else { return current }
        return try await deploy(deployment, call)
    }

    /// Deploys; a missing image is pulled.
    func deploy(_ deployment: Deployment, _ call: LambdaCall) async throws -> Revision {
        try await deployer.deploy(
            deployment,
            for: call.context.caller,
            using: try deployer.client(for: call.request)
        )
    }

    /// The deployment of a function's code, with what the configuration has to say of it.
    ///
    /// - Parameters:
    ///   - code: of the function.
    ///   - settings: with handler and runtime, where the request names them.
    ///   - name: the function.
    ///   - configuration: of the function so far.
    ///   - call: has the credentials of registries.
    /// - Returns: the deployment.
    /// - Throws: ``LambdaError``, or what the build of a package throws.
    func deployment(
        _ code: LambdaCodeSource,
        _ settings: LambdaFunctionSettings,
        _ name: FunctionName,
        _ configuration: FunctionConfiguration,
        _ call: LambdaCall
    ) async throws -> Deployment {
        var configuration = configuration
        switch code {
        case .image(let reference):
            try Self.checkProgram(settings, &configuration)
            return Deployment(name: name, imageReference: reference, configuration: configuration)
        case .zip(let bytes):
            if settings.imageConfig != nil {
                throw LambdaError.parameter("ImageConfig has no effect with PackageType Zip")
            }
            let notes = configuration.annotations
            guard let handler = settings.handler ?? notes[LambdaAnnotation.handler], !handler.isEmpty else {
                throw LambdaError.parameter("Handler is missing: PackageType Zip needs one")
            }
            guard let runtime = settings.runtime ?? notes[LambdaAnnotation.runtime] else {
                throw LambdaError.parameter("Runtime is missing: PackageType Zip needs one")
            }
            let built = try await packages.build(bytes, runtime: runtime, call.request)
            configuration.annotations[LambdaAnnotation.runtime] = runtime
            configuration.annotations[LambdaAnnotation.codeHash] = built.hash
            configuration.annotations[LambdaAnnotation.codeSize] = "\(bytes.count)"
            try Self.setHandler(handler, &configuration)
            var deployment = Deployment(
                name: name,
                imageReference: built.reference,
                configuration: configuration
            )
            deployment.imageDigest = built.digest
            return deployment
        }
    }

    private static func setHandler(_ handler: String, _ configuration: inout FunctionConfiguration)
        throws(ModelError)
    {
        try LambdaFunctionSettings.note(
            handler,
            "Handler",
            LambdaAnnotation.handler,
            bytesMax: 128,
            &configuration
        )
        configuration.command = [handler]
    }

    /// Handler and runtime belong to ZIP packages alone.
    static func checkProgram(_ settings: LambdaFunctionSettings, _ configuration: inout FunctionConfiguration)
        throws
    {
        let isZip = configuration.annotations[LambdaAnnotation.codeHash] != nil
        guard isZip else {
            for (name, text) in [("Handler", settings.handler), ("Runtime", settings.runtime)]
            where text != nil {
                throw LambdaError.parameter("\(name) has no effect with PackageType Image: the image says it")
            }
            return
        }
        if settings.imageConfig != nil {
            throw LambdaError.parameter("ImageConfig has no effect with PackageType Zip")
        }
        if let runtime = settings.runtime, runtime != configuration.annotations[LambdaAnnotation.runtime] {
            throw LambdaError.parameter("Runtime: a package's image has one; create the function again")
        }
        if let handler = settings.handler, !handler.isEmpty { try setHandler(handler, &configuration) }
    }
}
