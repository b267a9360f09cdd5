// SPDX-License-Identifier: Apache-2.0
// Why TLS cannot be set up, and why a connection ended. The room's files throw it; the edge writes the text.

import COpenSSL

/// What is wrong with a certificate, a key or a setting: always with the file's path.
package enum TLSError: Error, Hashable, Sendable {
    /// The file cannot be read.
    case unreadable(path: String, reason: String)
    /// The file is larger than any chain of certificates.
    case tooLarge(path: String, bytesMax: Int)
    /// The file holds no certificate in PEM form.
    case noCertificate(path: String)
    /// A certificate of the file cannot be parsed, or is too weak to be used.
    case badCertificate(path: String, reason: String)
    /// The file holds no private key in PEM form, or one that cannot be used.
    case badKey(path: String, reason: String)
    /// The key is not that of the file's first certificate.
    case mismatch(certificate: String, key: String)
    /// More certificates than one server takes.
    case tooMany(max: Int)
    /// OpenSSL refused a step that does not depend on any file.
    case openSSL(step: String, reason: String)
    /// The self-signed certificate cannot be written.
    case unwritable(path: String, reason: String)
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .tooLarge(let path, let max): "\(path) is larger than \(max) bytes"
        case .noCertificate(let path): "\(path) holds no certificate in PEM form"
        case .badCertificate(let path, let reason): "a certificate in \(path) cannot be used: \(reason)"
        case .badKey(let path, let reason): "the private key in \(path) cannot be used: \(reason)"
        case .mismatch(let certificate, let key):
            "the private key in \(key) does not belong to the first certificate in \(certificate)"
        case .tooMany(let max): "more than \(max) certificates"
        case .openSSL(let step, let reason): "OpenSSL cannot \(step): \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }
}

/// Why one connection failed.
package enum TLSFailure: Error, Hashable, Sendable {
    /// The handshake was not complete within `TLSHandler.handshakeTime`.
    case slowHandshake
    /// The client ended the connection before the handshake was complete.
    case brokenHandshake
    /// What the client sent is not TLS, or nothing that both sides support.
    case handshake(reason: String)
    /// A record after the handshake is malformed or forged.
    case record(reason: String)
    /// The client demands answers of the protocol itself, and reads none.
    case unreadAnswers
    /// More plaintext was written than `TLSHandler.heldBytesMax` before it could be sent.
    case heldBytes
    /// Written after the end.
    case closed
}

/// OpenSSL's queue of errors, which belongs to the thread: emptied before a call, read after it.
enum OpenSSLErrors {
    static func clear() { ERR_clear_error() }

    /// The first error's text; empties the queue.
    static func take() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return "unknown error" }
        guard let reason = ERR_reason_error_string(code) else { return "error \(code)" }
        return String(cString: reason)
    }
}
