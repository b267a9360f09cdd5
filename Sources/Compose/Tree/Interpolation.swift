// SPDX-License-Identifier: Apache-2.0
// Variables in every scalar of a file; keys are taken as they are written, as the specification has it.

import ManifestReader

extension ComposeNode {
    /// The same tree with the values of its variables.
    ///
    /// - Throws: ``ManifestError`` at the scalar whose variables have no value.
    func interpolated(by template: inout VariableTemplate) throws(ManifestError) -> ComposeNode {
        var result = self
        switch content {
        case .null: break
        case .scalar(let text):
            do throws(VariableError) {
                result.content = .scalar(try template.substitute(text))
            } catch {
                throw place.mistake(error.message)
            }
        case .list(let items):
            var values: [ComposeNode] = []
            for item in items { values.append(try item.interpolated(by: &template)) }
            result.content = .list(values)
        case .map(let entries):
            var values: [ComposeEntry] = []
            for var entry in entries {
                entry.value = try entry.value.interpolated(by: &template)
                values.append(entry)
            }
            result.content = .map(values)
        }
        return result
    }
}
