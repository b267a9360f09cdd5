// SPDX-License-Identifier: Apache-2.0
// The command of a RUN after its stage is known. Pure.

import ImageStore
import OCI

/// A RUN with its variables resolved.
struct RunPlan: Hashable, Sendable {
    /// Time limit of one step: enough for large compilations; a step that runs for an hour hangs.
    static let timeLimit = Duration.seconds(3600)
    /// The path of a script while it runs, in a folder that every tree has.
    static let scriptPath = "/run/mayfly-step"
    /// PATH of a command when the image sets none.
    static let defaultPath = "PATH=" + ContainerPlanner.defaultPath

    var arguments: [String]
    /// A here-document that begins with `#!` is a program of its own, at ``scriptPath``.
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
            // The shell interprets here-documents itself.
            let documents = run.heredocs.map { $0.content + $0.name + "\n" }.joined()
            arguments = draft.words(.shell(text + "\n" + documents))
        }
    }

    /// Whether the command consists of `<<NAME` only.
    private static func isOnlyMark(_ text: String, escape: Character) -> Bool {
        (try? HeredocMark.removing(from: text, escape: escape)[...].trimmingBlanks.isEmpty) == true
    }

    /// The part of a stage's configuration that affects a RUN: variables and folder, but neither ENTRYPOINT nor VOLUME.
    static func execution(of draft: StageDraft) -> ImageConfiguration.Execution {
        var execution = ImageConfiguration.Execution()
        execution.environment = draft.runEnvironment
        execution.workingDirectory = draft.execution.workingDirectory
        return execution
    }
}
