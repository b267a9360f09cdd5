// SPDX-License-Identifier: Apache-2.0
// A published port and a mount of a service.

package import FunctionModel

/// A port of a container that the gateway's host answers.
package struct ComposePort: Hashable, Sendable {
    /// nil is every address of the host.
    package var hostAddress: String?
    /// nil is any free port.
    package var published: Int?
    package var target: Int
    package var isUDP = false

    /// As `-p` takes it: `127.0.0.1:8000:80/tcp`.
    package var text: String {
        var text = ""
        if let hostAddress { text += hostAddress.contains(":") ? "[\(hostAddress)]:" : "\(hostAddress):" }
        if let published {
            text += "\(published):"
        } else if hostAddress != nil {
            text += ":"
        }
        return text + "\(target)" + (isUDP ? "/udp" : "/tcp")
    }
}

/// A file system in a container.
package struct ComposeMount: Hashable, Sendable {
    /// Where its files are.
    package enum Source: Hashable, Sendable {
        /// A path of the gateway's host, absolute.
        case bind(String, createsPath: Bool)
        /// The key of a volume of the project.
        case volume(String)
        /// A volume without a name, removed with its container.
        case anonymous
        /// Memory; nil is the default size.
        case temporary(size: ByteCount?)
    }

    package var source: Source
    /// Absolute, in the container.
    package var target: String
    package var isReadOnly = false
    var place: SourcePlace
}
