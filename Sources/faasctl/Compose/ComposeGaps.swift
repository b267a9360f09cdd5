// SPDX-License-Identifier: Apache-2.0
// What compose files ask for and the gateway's containers do not have: refused before anything is made.

import Compose
import FunctionModel
import ManifestReader

/// What a gateway's containers cannot do.
enum ComposeGaps {
    /// Refuses the first service that asks for it; `config` prints such files all the same.
    ///
    /// - Throws: ``ManifestError`` at the service, naming the key.
    static func check(_ project: ComposeProject) throws(ManifestError) {
        for service in project.services where service.function == nil {
            do throws(ModelError) { for text in service.extraHosts { _ = try HostEntry(text) } } catch {
                throw service.place.mistake("'\(service.name)': \(error)")
            }
        }
    }
}
