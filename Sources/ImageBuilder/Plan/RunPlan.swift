// SPDX-License-Identifier: Apache-2.0
// What a RUN executes, once everything is known about its stage. Pure.

import ImageStore
import OCI

/// A RUN with its variables resolved.
struct RunPlan: Hashable, Sendable {
    /// How long one step may run: compilers take their time, but nothing takes an hour without being stuck.
    static let timeLimit = Duration.seconds(3600)
    /// The path of a script while it runs; below a folder that every tree has.
    static let scriptPath = "/run/mayfly-step"
    /// What a command finds when the image says nothing.
    static let defaultPath = "PATH=" + ContainerPlanner.defaultPath

    var arguments: [String]
    /// A here-document that begins with `#!` is a program of its own, to be put at ``scriptPath``.
    var script: String?

    init(_ run: RunInstruction, draft: StageDraft) {
        guard case .shell(let text) = run.command, let first = run.heredocs.first else {
            arguments = draft.words(run.command)
            return
        }
        let isWhole = run.heredocs.count == 1 && Self.isOnlyMark(text, escape: draft.escape)
        if isWhole, first.content.hasPrefix("#!") {
            script = first.content
            arguments = [Self.scriptPath]
        } else if isWhole {
            arguments = draft.words(.shell(first.content))
        } else {
            // The shell knows here-documents itself.
            let documents = run.heredocs.map { $0.content + $0.name + "\n" }.joined()
            arguments = draft.words(.shell(text + "\n" + documents))
        }
    }

    /// Whether the command is nothing but `<<NAME`.
    private static func isOnlyMark(_ text: String, escape: Character) -> Bool {
        (try? HeredocMark.removing(from: text, escape: escape)[...].trimmingBlanks.isEmpty) == true
    }

    /// Of a stage's configuration what counts for a RUN: variables and folder, but neither ENTRYPOINT nor VOLUME.
    static func execution(of draft: StageDraft) -> ImageConfiguration.Execution {
        var execution = ImageConfiguration.Execution()
        execution.environment = draft.runEnvironment
        execution.workingDirectory = draft.execution.workingDirectory
        return execution
    }
}
