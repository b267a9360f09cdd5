// SPDX-License-Identifier: Apache-2.0
// A requested deployment, and the status of a function. Gateway and faasctl hold these values.

package import FoundationEssentials
package import FunctionModel

/// A function as its owner wants it: name, image and configuration.
package struct Deployment: Hashable, Sendable {
    package var name: FunctionName
    /// Reference of an image that the image store holds, for example `hello:latest` or `sha256:…`.
    package var imageReference: String
    package var configuration: FunctionConfiguration
    /// The image itself, which keeps the reference; nil takes what the reference means now.
    package var imageDigest: Digest?
    /// What it takes the place of.
    package var replaces = Replacement.any

    /// What may be current when a deployment becomes it.
    package enum Replacement: Hashable, Sendable {
        /// Whatever is current, or nothing.
        case any
        /// Nothing: the function is new.
        case nothing
        /// This revision only: the deployment was made of what it says.
        case revision(Int)
    }

    package init(name: FunctionName, imageReference: String, configuration: FunctionConfiguration) {
        self.name = name
        self.imageReference = imageReference
        self.configuration = configuration
    }
}

extension Deployment {
    /// Compares what is current with what this takes the place of.
    ///
    /// - Parameter current: the number of the current revision; nil for a function that is not deployed.
    /// - Throws: ``CatalogError/exists(_:)``, ``CatalogError/changedMeanwhile(_:)``.
    package func checkReplaced(current: Int?) throws(CatalogError) {
        switch replaces {
        case .any: break
        case .nothing: if current != nil { throw .exists(name) }
        case .revision(let number): if current != number { throw .changedMeanwhile(name) }
        }
    }

    var image: ImageChoice {
        imageDigest.map { .digest($0, reference: imageReference) } ?? .reference(imageReference)
    }
}

/// What the pools of a function hold at one moment.
package struct FunctionLoad: Hashable, Sendable {
    package var function: FunctionName
    /// Warm sandboxes.
    package var warm = 0
    /// Invocations under way.
    package var running = 0
    /// Callers in the queue.
    package var waiting = 0
    /// The templates of its slots; nil when the function does not ask for them.
    package var template: TemplateStatus?

    package init(_ function: FunctionName) { self.function = function }
}

/// The status of a function at one moment.
package struct FunctionStatus: Hashable, Sendable {
    package var revision: Revision
    /// Invocations since the function was first deployed.
    package var invocationCount: Int
    /// Warm sandboxes.
    package var warm: Int
    /// Invocations under way.
    package var running: Int
    /// Callers in the queue.
    package var waiting: Int
    /// Why the last sandbox could not be made; nil when all is well.
    package var failure: String?
    /// The templates of its slots; nil when the function does not ask for them.
    package var template: TemplateStatus?

    package init(revision: Revision) {
        self.revision = revision
        self.invocationCount = 0
        self.warm = 0
        self.running = 0
        self.waiting = 0
    }
}

/// One schedule of a deployed function, as `faasctl schedules` lists it.
package struct ScheduleStatus: Hashable, Sendable {
    package var function: FunctionName
    /// Position among the function's schedules, from 0.
    package var index: Int
    package var configuration: ScheduleConfiguration
    package var nextDue: Date?
    package var lastRun: Date?

    package init(
        function: FunctionName,
        index: Int,
        configuration: ScheduleConfiguration,
        nextDue: Date?,
        lastRun: Date?
    ) {
        self.function = function
        self.index = index
        self.configuration = configuration
        self.nextDue = nextDue
        self.lastRun = lastRun
    }
}
