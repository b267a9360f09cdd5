// SPDX-License-Identifier: Apache-2.0
// One function's contract: how a request becomes a process's input, and how its output becomes an answer.
// Dispatcher holds one per function.

package import FunctionModel
import HTTPTypes

/// The contract of one revision; a value without IO.
package struct ContractAdapter: Hashable, Sendable {
    private let contract: Contract
    /// `content_type` of the function; nil without one.
    private let contentType: String?
    /// A program named `nph-…` writes the whole response itself (RFC 3875, section 5).
    private let isNonParsed: Bool

    /// - Parameters:
    ///   - configuration: of the revision.
    ///   - program: the first word of its command.
    package init(_ configuration: FunctionConfiguration, program: String) {
        contract = configuration.contract
        contentType = configuration.contentType
        let name = program.split(separator: "/").last ?? ""
        isNonParsed = configuration.contract == .cgi && name.hasPrefix("nph-")
    }

    /// Whether a request has to be whole before it becomes an event (``LambdaInvocation``).
    package var takesEvents: Bool { contract == .lambda }

    /// The environment variables that carry the head.
    ///
    /// - Throws: ``RequestFault``.
    package func variables(of head: RequestHead) throws(RequestFault) -> RequestVariables {
        // A runtime gets the head in its event.
        contract == .lambda ? RequestVariables() : try RequestVariables(head)
    }

    /// The reader of one answer's head.
    package func response(to head: RequestHead) -> ResponseState {
        switch contract {
        case .cgi: ResponseState(.cgi(CGIResponse(isNonParsed: isNonParsed)))
        case .stdio, .http, .lambda:
            ResponseState(.stdio(StdioResponse(contentType: contentType, accept: head.fields[.accept])))
        }
    }
}
