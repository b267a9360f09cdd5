// SPDX-License-Identifier: Apache-2.0
// The short names that runs may use for images. Server makes it of `run_images`; CodeRunner asks.

package import FunctionModel
import OCI

/// Images by the names of the configuration.
package struct RunImages: Hashable, Sendable {
    /// More names than anyone types.
    static let countMax = 256

    /// By name, as the configuration has them.
    package private(set) var references: [String: String] = [:]

    /// No names: an image is its reference.
    package init() {}

    /// - Parameter references: by name.
    /// - Throws: ``ModelError`` for a name with `/`, `:` or `@`, which is a reference itself, and for what is no
    ///   reference.
    package init(_ references: [String: String]) throws(ModelError) {
        guard references.count <= Self.countMax else {
            let value = "\(references.count) names"
            throw ModelError(field: "run_images", value: value, expected: "at most \(Self.countMax)")
        }
        for (name, text) in references.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, !name.contains(where: { "/:@ ".contains($0) }) else {
                let expected = "a name without '/', ':', '@' and space"
                throw ModelError(field: "run_images", value: name, expected: expected)
            }
            do throws(OCIError) { _ = try ImageReference(text) } catch {
                let expected = "an image reference: \(error)"
                throw ModelError(field: "run_images.\(name)", value: text, expected: expected)
            }
        }
        self.references = references
    }

    /// The reference that a name stands for; every other text is one itself.
    func reference(_ name: String) -> String { references[name] ?? name }
}
