// SPDX-License-Identifier: Apache-2.0
// What a run gives back, and why there is none. Gateway makes the answer of it.

package import FunctionModel
package import ImageStore
package import NIOCore

/// A file that a run left behind.
package struct ReturnedFile: Sendable {
    /// What was found at its path.
    package enum Content: Sendable {
        case bytes(ByteBuffer)
        /// It is not there, no regular file, or too large.
        case missing(reason: String)
    }

    /// As the caller named it.
    package var path: String
    package var content: Content
}

/// One run that has ended.
package struct RunAnswer: Sendable {
    package var record: Invocation
    /// Empty where output was streamed.
    package var output: ByteBuffer
    package var errors: ByteBuffer
    /// Whether the container wrote more than `limits.output` to one of the two.
    package var isTruncated: Bool
    package var files: [ReturnedFile]

    package init(
        record: Invocation,
        output: ByteBuffer,
        errors: ByteBuffer,
        isTruncated: Bool,
        files: [ReturnedFile]
    ) {
        self.record = record
        self.output = output
        self.errors = errors
        self.isTruncated = isTruncated
        self.files = files
    }
}

/// Why nothing ran.
package enum RunRefusal: Error, Hashable, Sendable {
    case mistake(RunMistake)
    /// An image that the gateway lacks, by the name that the caller used, and the names of the configuration.
    case unknownImage(name: String, reference: String, names: [String])
    case image(ImageError)
    /// A file cannot be written into the container.
    case file(path: String, reason: String)
    case call(InvocationRefusal)
}
