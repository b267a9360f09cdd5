// SPDX-License-Identifier: Apache-2.0
// The `--change` of `image import` and `commit`: Dockerfile instructions that change a configuration. Pure.

package import ImageStore
package import OCI

/// Dockerfile instructions that change a configuration: CMD, ENV, USER and the like.
package enum ImportChanges {
    /// The configuration after these instructions, in their order.
    ///
    /// - Parameters:
    ///   - changes: one instruction each.
    ///   - base: what they change.
    /// - Returns: the configuration.
    /// - Throws: ``ImageError/malformedDocument(what:reason:)`` for text that is no instruction, or that makes a layer.
    package static func execution(
        _ changes: [String],
        on base: ImageConfiguration.Execution = ImageConfiguration.Execution()
    ) throws(ImageError) -> ImageConfiguration.Execution {
        var draft = StageDraft(escape: "\\")
        draft.execution = base
        for change in changes {
            do throws(SyntaxFailure) {
                let instruction = try Dockerfile.trigger(change, escape: "\\").instruction
                if case .workingDirectory(let path) = instruction {
                    draft.execution.workingDirectory = draft.absolute(try draft.expander.expand(path))
                    continue
                }
                if case .argument = instruction { throw refused(change) }
                guard try draft.apply(instruction, given: [:], globals: [:]) != nil else {
                    throw refused(change)
                }
            } catch {
                throw .malformedDocument(
                    what: "change '\(change)'",
                    reason: "expected \(error.expected)"
                )
            }
        }
        return draft.execution
    }

    private static func refused(_ change: String) -> SyntaxFailure {
        SyntaxFailure(
            change,
            expected:
                "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, SHELL, STOPSIGNAL, USER, VOLUME or WORKDIR"
        )
    }
}
