// SPDX-License-Identifier: Apache-2.0
// Services in the order of their dependencies.

package import ManifestReader

extension ComposeProject {
    /// The enabled services, dependencies first, otherwise in the order of the files.
    ///
    /// - Throws: ``ManifestError`` when services depend on each other in a circle, with the circle.
    package func startOrder() throws(ManifestError) -> [ComposeService] {
        var order: [ComposeService] = []
        var done: Set<String> = []
        for service in services { try visit(service, trail: [], &order, &done) }
        return order
    }

    private func visit(
        _ service: ComposeService,
        trail: [String],
        _ order: inout [ComposeService],
        _ done: inout Set<String>
    ) throws(ManifestError) {
        guard !done.contains(service.name) else { return }
        if let start = trail.firstIndex(of: service.name) {
            let circle = (trail[start...] + [service.name]).joined(separator: " → ")
            throw service.place.mistake("services depend on each other in a circle: \(circle)")
        }
        for dependency in service.dependencies {
            guard let other = self[service: dependency.service] else { continue }
            try visit(other, trail: trail + [service.name], &order, &done)
        }
        done.insert(service.name)
        order.append(service)
    }

    /// The chosen services and, unless told otherwise, everything that they depend on.
    ///
    /// - Parameters:
    ///   - names: of enabled services; empty chooses all.
    ///   - withDependencies: whether what they depend on is chosen as well.
    /// - Returns: names of services.
    package func selection(_ names: [String], withDependencies: Bool) -> Set<String> {
        guard !names.isEmpty else { return Set(services.map(\.name)) }
        var selected: Set<String> = []
        var rest = names
        while let name = rest.popLast() {
            guard let service = self[service: name], selected.insert(name).inserted, withDependencies else {
                continue
            }
            rest += service.dependencies.map(\.service)
        }
        return selected
    }
}
