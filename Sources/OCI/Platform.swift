// SPDX-License-Identifier: Apache-2.0
// Operating system and processor of an image, and which of an index's images runs here.

/// What an image was built for (image-spec, image-index.md, "platform").
package struct Platform: Hashable, Sendable, Codable, CustomStringConvertible {
    package var os: String
    /// Go's name of the processor: amd64, arm64, arm, riscv64 and so on.
    package var architecture: String
    package var variant: String?

    package init(os: String = "linux", architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// The platform that this program was compiled for.
    package static var host: Platform {
        #if arch(x86_64)
            Platform(architecture: "amd64")
        #elseif arch(arm64)
            Platform(architecture: "arm64", variant: "v8")
        #elseif arch(arm)
            Platform(architecture: "arm", variant: "v7")
        #elseif arch(riscv64)
            Platform(architecture: "riscv64")
        #else
            Platform(architecture: "unknown")
        #endif
    }

    /// Reads `os/architecture[/variant]`, as `--platform` takes it; nil when it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
    }

    package var description: String { [os, architecture, variant].compactMap(\.self).joined(separator: "/") }

    /// How well a container of `self` runs on `host`: nil not at all, else the higher the better.
    ///
    /// A missing variant counts as the architecture's oldest; arm64 has one only. A host without a variant
    /// runs the baseline (v1 of amd64).
    package func fitness(on host: Platform) -> Int? {
        guard os == host.os, architecture == host.architecture else { return nil }
        if architecture == "arm64" { return variant == nil || variant == "v8" ? 1 : nil }
        let own = Self.level(variant) ?? (variant == nil ? 0 : nil)
        let most = Self.level(host.variant) ?? 1
        guard let own, own <= most else { return nil }
        return own + 1
    }

    /// The best index into `platforms` for `host`; the first of equals, nil when none runs.
    package static func best(of platforms: [Platform?], for host: Platform) -> Int? {
        var best: (index: Int, fitness: Int)?
        for (index, platform) in platforms.enumerated() {
            guard let fitness = platform?.fitness(on: host), fitness > best?.fitness ?? 0 else { continue }
            best = (index, fitness)
        }
        return best?.index
    }

    /// `v7` is 7.
    private static func level(_ variant: String?) -> Int? {
        guard let variant, variant.hasPrefix("v") else { return nil }
        return Int(variant.dropFirst())
    }
}
