// SPDX-License-Identifier: Apache-2.0
// AWS's Signature Version 4 of one request: reads the Authorization field and checks it. LambdaDoor drives it.

import FunctionModel
import HTTPTypes
import OCI

/// What an Authorization field says of a signature.
///
/// Source: "Signature Version 4 for API requests" in AWS's IAM user guide.
struct SignatureV4: Hashable, Sendable {
    static let algorithm = "AWS4-HMAC-SHA256"
    /// The service's name in the credential's scope.
    static let service = "lambda"
    /// How far the time of a signature may be from the gateway's: AWS's own bound.
    ///
    /// Within it a request that was overheard can be sent again.
    static let windowSeconds = 15 * 60
    /// The longest field: an id, a scope, 64 digits, and the names of every field that a request may have.
    private static let fieldBytesMax = 8 << 10

    let keyID: String
    /// `YYYYMMDD`.
    let date: String
    let region: String
    /// In lower case, as they were sent.
    let signedFields: [String]
    private let digits: [UInt8]

    /// Reads a field.
    ///
    /// - Throws: ``LambdaError`` when it has another form.
    init(_ field: String) throws(LambdaError) {
        guard field.utf8.count <= Self.fieldBytesMax else { throw .incomplete("it is too long") }
        var parts: [Substring: Substring] = [:]
        for part in field.dropFirst(Self.algorithm.count).split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            let name = pair[0].drop { $0 == " " }
            guard parts.updateValue(pair[1].prefix { $0 != " " }, forKey: name) == nil else {
                throw .incomplete("'\(name.prefix(32))' comes twice")
            }
        }
        guard let credential = parts["Credential"], let names = parts["SignedHeaders"],
            let signature = parts["Signature"]
        else { throw .incomplete("it needs 'Credential', 'SignedHeaders' and 'Signature'") }
        let scope = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard scope.count == 5, !scope[0].isEmpty, scope[4] == "aws4_request", scope[3] == Self.service,
            scope[1].utf8.count == 8
        else { throw .incomplete("its credential is not KEY/YYYYMMDD/REGION/lambda/aws4_request") }
        keyID = String(scope[0])
        date = String(scope[1])
        region = String(scope[2])
        signedFields = names.split(separator: ";").map(String.init)
        digits = Array(signature.utf8)
        guard signedFields == signedFields.sorted(), Set(signedFields).count == signedFields.count else {
            throw .incomplete("its signed headers are not sorted")
        }
    }

    /// What is compared with a request's content.
    struct Content: Hashable, Sendable {
        /// SHA-256 of the body, in lower-case hexadecimal digits.
        var bodyHash: String
        /// Whether the connection protects the body, so that it need not be signed.
        var isSecure: Bool
    }

    /// Checks the signature of a request.
    ///
    /// - Parameters:
    ///   - head: as it was sent.
    ///   - content: of the request.
    ///   - secret: the secret access key.
    ///   - now: Unix time in seconds.
    /// - Throws: ``LambdaError``.
    func verify(_ head: HTTPRequest, _ content: Content, secret: String, now: Int) throws(LambdaError) {
        let time = try SignatureTime(head.headerFields)
        try checkTime(time, now: now)
        try checkFields(head.headerFields, hasTime: time.field)
        let request = CanonicalRequest(head, signedFields, payload: try payload(head.headerFields, content))
        let text = [
            Self.algorithm, time.text, "\(date)/\(region)/\(Self.service)/aws4_request", request.hash,
        ].joined(separator: "\n")
        var key = Array(("AWS4" + secret).utf8)
        for part in [date, region, Self.service, "aws4_request"] { key = Self.code(key, part) }
        let expected = Digest(hash: Self.code(key, text)).hex.utf8
        // Each byte is compared, whatever the first difference.
        let difference = zip(digits, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        guard digits.count == expected.count, difference == 0 else { throw .wrongSignature }
    }

    private static func code(_ key: [UInt8], _ text: String) -> [UInt8] {
        var code = WebhookMAC(key: key)
        code.update(Array(text.utf8))
        return code.finishBytes()
    }

    private func checkTime(_ time: SignatureTime, now: Int) throws(LambdaError) {
        guard time.text.prefix(8) == date else {
            throw .incomplete("its credential is of another day than the request")
        }
        let difference = time.seconds - now
        guard abs(difference) <= Self.windowSeconds else {
            let current = SignatureTime.text(unixSeconds: now)
            let word = difference < 0 ? "expired" : "not yet current"
            throw .invalidSignature("Signature \(word): \(time.text) is more than 15 minutes from \(current)")
        }
    }

    /// The fields that have to be signed: a change of one makes another request of it.
    private func checkFields(_ fields: HTTPFields, hasTime: String) throws(LambdaError) {
        let own = fields.map(\.name.canonicalName).filter { $0.hasPrefix("x-amz-") }
        for name in ["host", hasTime] + own where !signedFields.contains(name) {
            throw .invalidSignature("'\(name)' has to be a signed header")
        }
    }

    private func payload(_ fields: HTTPFields, _ content: Content) throws(LambdaError) -> String {
        guard let declared = fields[.contentHash] else { return content.bodyHash }
        if declared == "UNSIGNED-PAYLOAD" {
            guard content.isSecure else {
                throw .invalidSignature("an unsigned payload is accepted over TLS only")
            }
        } else if declared.hasPrefix("STREAMING-") {
            throw .invalidSignature("payloads that are signed in pieces are not accepted: sign the whole one")
        } else {
            guard declared == content.bodyHash else {
                throw .invalidSignature("the payload is not the one that X-Amz-Content-Sha256 names")
            }
        }
        return declared
    }
}
