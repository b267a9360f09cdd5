// SPDX-License-Identifier: Apache-2.0
// The changes of the catalogue of functions since a version, by which each gateway gets the deploys of others.

package import FunctionModel

/// A state of the catalogue; later states have larger versions.
package struct CatalogueVersion: Hashable, Comparable, Sendable {
    /// Before the first change: everything has changed since.
    package static let none = CatalogueVersion(number: 0)

    /// The number of changes, in the order of their commits.
    package let number: Int64

    /// Makes a version; only repositories do.
    package init(number: Int64) { self.number = number }

    package static func < (left: CatalogueVersion, right: CatalogueVersion) -> Bool {
        left.number < right.number
    }
}

/// The functions that changed between two versions, each as it is in the later one.
package struct CatalogueChanges: Hashable, Sendable {
    /// One changed function.
    package struct Change: Hashable, Sendable {
        /// Its name.
        package var function: FunctionName
        /// Its current revision; nil when it is removed.
        package var revision: Revision?
        /// By name.
        package var aliases: [FunctionAlias] = []
        /// The revisions of the aliases besides the current one, by number.
        package var aliased: [Revision] = []
    }

    /// The version that the changes lead to; hand it to the next question.
    package var version: CatalogueVersion
    /// By name; a function that changed twice is there once.
    package var changes: [Change]
}
