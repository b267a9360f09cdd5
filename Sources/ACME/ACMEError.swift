// SPDX-License-Identifier: Apache-2.0
// Why a certificate was not issued. The room's files throw it; Server logs its text.

/// What failed between the gateway and a certificate authority.
package enum ACMEError: Error, Hashable, Sendable {
    /// The authority could not be reached, or did not answer in time.
    case unreachable(reason: String)
    /// An answer is larger than any of its kind.
    case tooLarge(what: String, bytesMax: Int)
    /// An answer is not what RFC 8555 says.
    case malformed(what: String)
    /// An answer names an address at another server than the directory's.
    case foreignAddress(String)
    /// The authority refused a request.
    case refused(status: Int, type: String, detail: String, retryAfterSeconds: Int64?)
    /// The authority wants fewer requests.
    case rateLimited(detail: String, retryAfterSeconds: Int64?)
    /// The account that was stored is not known to the authority.
    case unknownAccount
    /// The authority takes accounts of its customers only.
    case needsExternalAccount
    /// The authority offers no challenge that this gateway can answer.
    case noChallenge(wanted: String)
    /// The authority could not check the challenge.
    case challengeFailed(detail: String)
    case orderFailed(detail: String)
    /// The order was not complete after as many questions as are asked.
    case unfinished(what: String)
    /// The authority refuses every nonce that it gave.
    case nonces
    /// The certificate is not the one that was asked for.
    case wrongCertificate(reason: String)
    /// The challenge cannot be answered here.
    case cannotAnswer(reason: String)
    case openSSL(step: String)
    /// A file of the data folder cannot be used.
    case storage(reason: String)

    /// When the authority takes the next request; nil when it does not say.
    package var retryAfterSeconds: Int64? {
        switch self {
        case .refused(_, _, _, let seconds), .rateLimited(_, let seconds): seconds
        default: nil
        }
    }
}

extension ACMEError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let reason): "the authority cannot be reached: \(reason)"
        case .tooLarge(let what, let max): "the authority's \(what) is larger than \(max) bytes"
        case .malformed(let what): "the authority's answer is malformed: \(what)"
        case .foreignAddress(let address):
            "the authority names an address of another server, which is not asked: \(address)"
        case .refused(let status, let type, let detail, _):
            "the authority refuses (\(status)\(type.isEmpty ? "" : " ")\(type)): \(detail)"
        case .rateLimited(let detail, _): "the authority wants fewer requests: \(detail)"
        case .unknownAccount: "the authority does not know the account; the next attempt makes a new one"
        case .needsExternalAccount:
            "the authority needs an account of its own (external account binding), which is not supported"
        case .noChallenge(let wanted): "the authority offers no challenge of the kind \(wanted)"
        case .challengeFailed(let detail): "the authority could not check the challenge: \(detail)"
        case .orderFailed(let detail): "the order failed: \(detail)"
        case .unfinished(let what): "the authority did not complete the \(what) in time"
        case .nonces: "the authority refuses every nonce that it gave"
        case .wrongCertificate(let reason): "the certificate is not the one that was asked for: \(reason)"
        case .cannotAnswer(let reason): "the challenge cannot be answered: \(reason)"
        case .openSSL(let step): "OpenSSL cannot \(step)"
        case .storage(let reason): reason
        }
    }
}
