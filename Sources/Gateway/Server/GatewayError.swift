// SPDX-License-Identifier: Apache-2.0
// Why the HTTP edge could not start. faasctl prints the description as its one line.

/// The gateway cannot listen.
package enum GatewayError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `option` names what chooses the address.
    case addressInUse(host: String, port: Int, option: String = "--listen")
    case cannotListen(host: String, port: Int, reason: String, option: String = "--listen")
    /// The admin credentials could not be read or made.
    case credentials(path: String, reason: String)
    /// The bearer tokens could not be read.
    case tokens(reason: String)
    /// The server ended without a request to stop.
    case ended(reason: String)

    package var description: String {
        switch self {
        case .addressInUse(let host, let port, let option):
            "\(host):\(port) is in use by another program; choose another with \(option)"
        case .cannotListen(let host, let port, let reason, let option):
            "cannot listen on \(host):\(port): \(reason); choose another with \(option)"
        case .credentials(let path, let reason):
            "the admin credentials in \(path) cannot be used: \(reason)"
        case .tokens(let reason): "the tokens cannot be read: \(reason)"
        case .ended(let reason): "the HTTP server ended: \(reason)"
        }
    }
}
