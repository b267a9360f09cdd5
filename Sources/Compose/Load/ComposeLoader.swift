// SPDX-License-Identifier: Apache-2.0
// The way from the texts of compose files to a project: parse, name, variables, long forms, extends, merge, read.

package import ManifestReader

/// Loads a project.
package struct ComposeLoader: Sendable {
    /// Files of one command line.
    static let filesMax = 32

    package var sources: ComposeSources
    /// The name of the command line or of the environment; it wins over the files'.
    package var name: String?
    package var profiles: Set<String> = []
    /// Services that the command line names: they are enabled whatever their profiles.
    package var chosen: [String] = []

    package init(sources: ComposeSources) { self.sources = sources }

    /// Loads the project of some files.
    ///
    /// - Parameter files: names for messages and texts, in the order of the command line.
    /// - Returns: the merged project.
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    package func load(_ files: [(file: String, text: String)]) throws(ManifestError) -> ComposeProject {
        guard files.count <= Self.filesMax else {
            throw ManifestError(file: files[Self.filesMax].file, message: "more than \(Self.filesMax) files")
        }
        var trees: [ComposeNode] = []
        for (file, text) in files { trees.append(try TreeBuilder.tree(of: text, file: file)) }
        var sources = sources
        let name = try projectName(trees)
        sources.environment["COMPOSE_PROJECT_NAME"] = name
        var template = VariableTemplate(variables: sources.environment)
        var merged: ComposeNode?
        var extending = ServiceExtension(sources: sources, template: template)
        for (tree, file) in zip(trees, files) {
            let own = try ComposeFile(
                tree,
                file: file.file,
                folder: sources.folder,
                home: sources.home,
                template: &template
            )
            let complete = try extending.complete(own)
            merged = merged.map { TreeMerge.merge($0, with: complete) } ?? complete
        }
        guard let merged else { throw ManifestError(file: "compose.yaml", message: "there is no file") }
        var project = ComposeProject(name: name)
        let unset = template.unset.union(extending.template.unset)
        project.remarks = unset.sorted().map { "the variable '\($0)' is not set, it counts as empty" }
        let builder = ProjectBuilder(sources: sources, profiles: profiles, chosen: chosen)
        try builder.fill(&project, from: TreeMerge.withoutResets(merged))
        return project
    }

    /// The name of the command line, of the last file that has one, or of the folder.
    private func projectName(_ trees: [ComposeNode]) throws(ManifestError) -> String {
        if let name, !name.isEmpty {
            guard ComposeName.isProject(name) else {
                throw ManifestError(
                    file: "project name '\(name)'",
                    message: "not valid, expected lower case letters, digits, '-' and '_'"
                )
            }
            return name
        }
        if let node = trees.compactMap({ $0["name"] }).last {
            var template = VariableTemplate(variables: sources.environment)
            let field = ComposeField(node: try node.interpolated(by: &template), path: "name")
            let text = try field.text()
            guard ComposeName.isProject(text) else {
                throw field.invalid(text, expected: "lower case letters, digits, '-' and '_'")
            }
            return text
        }
        let name = ComposeName.project(folder: sources.folder)
        guard !name.isEmpty else {
            throw ManifestError(
                file: sources.folder,
                message: "its name gives no project name, write one with -p or in 'name'"
            )
        }
        return name
    }
}
