// SPDX-License-Identifier: Apache-2.0
// A project in the long forms of the specification: what `compose config` writes.

extension ComposeProject {
    /// The project as `config` shows it.
    package var rendered: RenderedValue {
        var object = RenderedObject()
        object.set("name", name)
        object["services"] = .object(
            Dictionary(services.map { ($0.name, $0.rendered) }) { _, last in last }
        )
        set("networks", networks.map { ($0.key, $0.rendered) }, in: &object)
        set("volumes", volumes.map { ($0.key, $0.rendered) }, in: &object)
        set("secrets", secrets.map { ($0.key, $0.rendered) }, in: &object)
        set("configs", configs.map { ($0.key, $0.rendered) }, in: &object)
        return object.value
    }

    private func set(_ key: String, _ pairs: [(String, RenderedObject)], in object: inout RenderedObject) {
        guard !pairs.isEmpty else { return }
        object[key] = .object(Dictionary(pairs.map { ($0, $1.value) }) { _, last in last })
    }
}

extension ComposeVolume {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("name", name)
        object.set("external", isExternal)
        object.set("labels", labels)
        return object
    }
}

extension ComposeNetwork {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("name", name)
        object.set("external", isExternal)
        object.set("internal", isInternal)
        object.set("labels", labels)
        return object
    }
}

extension ComposeContent {
    fileprivate var rendered: RenderedObject {
        var object = RenderedObject()
        object.set("file", path)
        return object
    }
}
