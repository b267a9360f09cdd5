// SPDX-License-Identifier: Apache-2.0
// From the image store's values to the JSON forms of images. ImagesAPI, ImageMakingAPI and ImageCareAPI drive it.

import FunctionModel
import GatewayAPI
import ImageStore
import OCI

extension ImageBody.Loaded {
    init(_ image: LoadedImage) {
        self.init(reference: image.reference, digest: image.digest)
    }
}

extension ImageBody.Listed {
    init(_ summary: ImageSummary) {
        self.init(
            reference: summary.reference,
            name: summary.familiarName,
            digest: summary.digest,
            id: summary.imageID,
            platform: summary.platform.description,
            sizes: .init(all: summary.sizeBytes, shared: summary.sharedBytes, own: summary.ownBytes),
            createdAt: summary.createdAt
        )
    }
}

extension ImageBody.Inspected {
    init(
        _ image: Image,
        name: String,
        names: [String],
        sizes: (shared: Int, own: Int),
        usedBy: [String]
    ) {
        self.init(
            name: name,
            digest: image.digest,
            id: image.configurationDigest,
            platform: image.platform.description,
            sizes: .init(all: image.sizeBytes, shared: sizes.shared, own: sizes.own),
            names: names,
            usedBy: usedBy,
            configuration: image.configuration,
            layers: image.layers
        )
    }
}

extension ImageBody.Step {
    init(_ step: ImageHistoryStep) {
        self.init(
            created: step.entry.created,
            createdBy: step.entry.createdBy,
            comment: step.entry.comment,
            layer: step.layer.map { ($0.digest, $0.size) }
        )
    }
}

extension ImageBody.Pruned {
    init(_ report: PruneReport) {
        self.init(
            removedBlobs: report.removedBlobs,
            removedTrees: report.removedTrees,
            freedBytes: report.freedBytes
        )
    }
}

extension ImageBody.Finding {
    init(_ finding: VerifyFinding) {
        self.init(subject: finding.subject, problem: finding.problem, repaired: finding.isRepaired)
    }
}
