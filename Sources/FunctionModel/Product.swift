// SPDX-License-Identifier: Apache-2.0
// Name and version of the product.

/// Name and version, the same on the command line and over HTTP.
package enum Product {
    package static let name = "mayfly"
    /// Semantic version of the command line and the HTTP interfaces together.
    package static let version = "0.1.0"
}
