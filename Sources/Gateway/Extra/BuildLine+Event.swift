// SPDX-License-Identifier: Apache-2.0
// From the events of builds and transfers to their lines of JSON. BuildsAPI, TransfersAPI and DeployAPI drive it.

import FunctionModel
import GatewayAPI
import ImageBuilder
import OCI
import Registry

extension BuildLine {
    init(_ event: BuildEvent) {
        switch event {
        case .stepStarted(let stage, let step, let total, let instruction):
            self = .stepStarted(stage: stage, step: step, total: total, instruction: instruction)
        case .cached: self = .cached
        case .output(let text): self = .output(text)
        case .stepDone(let layer): self = .stepDone(layer: layer)
        case .warning(let line, let text): self = .warning(line: line, text: text)
        case .built(let digest): self = .built(digest: digest)
        }
    }
}

extension TransferLine {
    init(_ event: TransferEvent) {
        switch event {
        case .resolved(let reference, let digest):
            self.init(.resolved, reference, detail: digest.description)
        case .started(let digest, let size): self.init(.started, "\(digest)", sizeBytes: size)
        case .present(let digest, let size): self.init(.present, "\(digest)", sizeBytes: size)
        case .progressed(let digest, let done, let size):
            self.init(.progressed, "\(digest)", doneBytes: done, sizeBytes: size)
        case .resumed(let digest, let first): self.init(.resumed, "\(digest)", doneBytes: first)
        case .restarted(let digest): self.init(.restarted, "\(digest)")
        case .retrying(let what, let reason, _): self.init(.retrying, what, detail: reason)
        case .mounted(let digest, let source): self.init(.mounted, "\(digest)", detail: source)
        case .finished(let digest, let size): self.init(.finished, "\(digest)", sizeBytes: size)
        }
    }
}

extension TransferEvent {
    /// Whether it says that the transfer got somewhere.
    var isProgress: Bool {
        if case .retrying = self { return false }
        return true
    }
}
