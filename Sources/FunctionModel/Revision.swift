// SPDX-License-Identifier: Apache-2.0
// The immutable result of a deploy.

package import FoundationEssentials

/// An image digest together with a configuration.
///
/// Old requests finish on the revision they began with.
package struct Revision: Hashable, Sendable {
    package var function: FunctionName
    /// Counts up from 1 within the function; never used twice.
    package var number: Int
    /// The reference the user gave, for people.
    package var imageReference: String
    /// The image's manifest, for machines.
    package var imageDigest: Digest
    package var configuration: FunctionConfiguration
    package var createdAt: Date

    package init(
        function: FunctionName,
        number: Int,
        imageReference: String,
        imageDigest: Digest,
        configuration: FunctionConfiguration,
        createdAt: Date
    ) {
        self.function = function
        self.number = number
        self.imageReference = imageReference
        self.imageDigest = imageDigest
        self.configuration = configuration
        self.createdAt = createdAt
    }
}
