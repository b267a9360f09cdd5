// SPDX-License-Identifier: Apache-2.0
// ZIP packages of AWS Lambda: a runtime's image with the package below /var/task. LambdaChanges asks for one per code.

import FoundationEssentials
import FunctionModel
import Glibc
import Hummingbird
import ImageBuilder
import ImageStore
import OCI
import Registry
import Scheduler

/// Builds images of packages.
struct LambdaPackages: Sendable {
    let runtimes: LambdaRuntimes
    let images: ImageServices
    let uploads: Uploads
    /// Nil where base images cannot be pulled.
    let registries: RegistryAccess?

    /// An image and how people see it.
    struct Built: Sendable {
        var reference: String
        var digest: Digest
        /// SHA-256 of the package, in Base64.
        var hash: String
    }

    /// The image of a package.
    ///
    /// - Parameters:
    ///   - zip: the package.
    ///   - runtime: its name at AWS.
    ///   - request: has the credentials of registries.
    /// - Returns: the built image.
    /// - Throws: ``LambdaError``, ``ImageError``, ``Problem``.
    func build(_ zip: [UInt8], runtime: String, _ request: Request) async throws -> Built {
        guard let base = runtimes.reference(runtime) else {
            throw LambdaError.parameter(
                "Runtime: '\(runtime.prefix(32))' is not valid, expected one of AWS's or of 'lambda_runtimes'"
            )
        }
        guard let turn = images.turns.take() else {
            throw LambdaError(
                429,
                "TooManyRequestsException",
                "\(BuildTurns.countMax) builds are running already"
            )
        }
        defer {
            turn.giveBack()
            images.keeper.grown()
        }
        let registry = try registries?.client(for: request)
        let name = String(UInt64.random(in: .min ... .max), radix: 16)
        let archive = uploads.folder + "/upload-" + name
        defer { unlink(archive) }
        let dockerfile = "FROM \(base)\nWORKDIR /var/task\nCOPY code/ /var/task/\n"
        try await FileWork.run { try Self.pack(zip, dockerfile, into: archive) }
        let directory = uploads.folder + "/context-" + name
        let context = try await UploadedContext(archive: archive, into: directory)
        let built: Result<Digest, BuildError>
        do throws(BuildError) {
            built = .success(
                try await images.builder.build(
                    BuildRequest(contextDirectory: directory),
                    bases: registry.map { RegistryBaseImages($0) }
                ) { _ in }
            )
        } catch {
            built = .failure(error)
        }
        try await context.remove()
        var hash = SHA256()
        hash.update(zip)
        let bytes = hash.finishBytes()
        do throws(BuildError) {
            return Built(
                reference: "lambda-zip:" + Digest(hash: bytes).hex.prefix(16),
                digest: try built.get(),
                hash: Data(bytes).base64EncodedString()
            )
        } catch {
            throw LambdaError.parameter("Code.ZipFile: no image of it on '\(base)': \(error)")
        }
    }

    /// A build context: the Dockerfile, and the package's files below `code`.
    private static func pack(_ zip: [UInt8], _ dockerfile: String, into path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        do throws(ImageError) {
            let writer = try TarWriter(name: path) { (bytes) throws(ImageError) in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = write(
                        descriptor,
                        UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                        rest.count
                    )
                    guard count >= 0 || errno == EINTR else { throw failure(path) }
                    rest = rest.dropFirst(max(0, count))
                }
            }
            let text = Array(dockerfile.utf8)
            try writer.add(TarEntry(name: "Dockerfile", kind: .file, size: text.count), content: text)
            try writer.add(TarEntry(name: "code", kind: .directory, mode: 0o755))
            try ZipArchive.repack(zip, under: "code/", into: writer)
            try writer.finish()
        } catch .malformedArchive(_, let reason) {
            throw LambdaError.parameter("Could not unzip uploaded file: \(reason)")
        }
    }

    private static func failure(_ path: String) -> ImageError {
        let number = errno
        return number == ENOSPC || number == EDQUOT
            ? .noSpace(path: path) : .system(call: "write", path: path, errorNumber: number)
    }
}
