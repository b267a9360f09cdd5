// SPDX-License-Identifier: Apache-2.0
// The body's length from a head's fields, checked by the edge's parser before. FunctionHandler asks.

package import HTTPTypes

extension RequestHead.BodyLength {
    /// Reads Transfer-Encoding and Content-Length (RFC 9112, section 6.3).
    package init(_ fields: HTTPFields) {
        if fields[.transferEncoding] != nil {
            self = .unknown
        } else if let text = fields[.contentLength], let length = Int(text) {
            self = .bytes(length)
        } else {
            self = .none
        }
    }
}
