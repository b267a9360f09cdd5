// SPDX-License-Identifier: Apache-2.0
// Reads the error body of a registry's refusal (distribution-spec, "Error Codes"), in any of its forms.

import HTTPClient
import Foundation

extension RegistryAnswer {
    /// An error body is read up to this size.
    static let bodyBytesMax = 64 << 10
    /// A longer message is truncated: it is printed in one line.
    static let messageCharactersMax = 300

    private struct Document: Decodable {
        struct Entry: Decodable {
            var code: String?
            var message: String?
        }
        var errors: [Entry]?
        /// The form of token servers: `details`, or OAuth2's pair.
        var details: String?
        var error: String?
        var errorDescription: String?

        enum CodingKeys: String, CodingKey {
            case errors, details, error
            case errorDescription = "error_description"
        }
    }

    /// Reads the first error of the body; a short text body is the message.
    init(subject: String, head: HTTPHead, body: [UInt8]) {
        self.subject = subject
        host = head.url.host.map { host in head.url.port.map { "\(host):\($0)" } ?? host } ?? ""
        status = head.status
        // A body of any other form is not an error of the registry: the specification allows it.
        if let document = try? JSONDecoder().decode(Document.self, from: Data(body)) {
            let first = document.errors?.first
            code = Self.clean(first?.code ?? document.error)
            message = Self.clean(first?.message ?? document.errorDescription ?? document.details)
        } else if (head["Content-Type"] ?? "").hasPrefix("text/plain") {
            message = Self.clean(String(decoding: body, as: UTF8.self))
        }
    }

    private static func clean(_ text: String?) -> String? {
        guard let text else { return nil }
        let visible = text.unicodeScalars.map {
            CharacterSet.controlCharacters.contains($0) ? " " : Character($0)
        }
        let trimmed = String(visible).trimmingCharacters(in: .whitespaces)
        return trimmed.isEmpty ? nil : String(trimmed.prefix(messageCharactersMax))
    }

    private static let missing: Set<String> = [
        "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN",
    ]
    private static let forbidden: Set<String> = ["UNAUTHORIZED", "DENIED"]

    /// The kind of refusal, from the status and the code.
    var error: RegistryError {
        let code = code?.uppercased() ?? ""
        if status == 401 || status == 403 || Self.forbidden.contains(code) { return .notAllowed(self) }
        if status == 404 || Self.missing.contains(code) { return .notFound(self) }
        return .refused(self)
    }
}
