// SPDX-License-Identifier: Apache-2.0
// Which image a runtime of AWS Lambda is: `lambda_runtimes` of the configuration, else AWS's own. LambdaPackages asks.

package import FunctionModel
import OCI

/// Images by the name of a runtime, such as `python3.13`.
package struct LambdaRuntimes: Hashable, Sendable {
    /// More than AWS has ever had.
    private static let countMax = 256
    /// What AWS calls its images, each followed by a version in its name.
    private static let families = ["python", "nodejs", "java", "ruby", "dotnet", "provided"]
    private static let registry = "public.ecr.aws/lambda/"

    /// By name, as the configuration has them.
    package private(set) var references: [String: String] = [:]

    /// Every runtime is AWS's own image.
    package init() {}

    /// - Parameter references: by name.
    /// - Throws: ``ModelError`` for what is no reference.
    package init(_ references: [String: String]) throws(ModelError) {
        guard references.count <= Self.countMax else {
            let value = "\(references.count) runtimes"
            throw ModelError(field: "lambda_runtimes", value: value, expected: "at most \(Self.countMax)")
        }
        for (name, text) in references.sorted(by: { $0.key < $1.key }) {
            do throws(OCIError) { _ = try ImageReference(text) } catch {
                let expected = "an image reference: \(error)"
                throw ModelError(field: "lambda_runtimes.\(name)", value: text, expected: expected)
            }
        }
        self.references = references
    }

    /// The image of a runtime; nil when there is none of this name.
    func reference(_ name: String) -> String? {
        if let reference = references[name] { return reference }
        guard let family = Self.families.first(where: { name.hasPrefix($0) }) else { return nil }
        var version = name.dropFirst(family.count)
        if version.hasPrefix(".") { version = version.dropFirst() }
        if version.hasSuffix(".x") { version = version.dropLast(2) }
        guard !version.isEmpty,
            version.utf8.allSatisfy({ $0 == 46 || (48...57).contains($0) || (97...122).contains($0) })
        else { return nil }
        return Self.registry + family + ":" + version
    }
}
