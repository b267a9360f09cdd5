// SPDX-License-Identifier: Apache-2.0
// A request body whose every key has an effect. Gateway refuses other keys with their place.

package import FunctionModel

/// The body of a request; keys that it does not list are refused.
package protocol StrictBody: Codable, Sendable {
    /// Every key that the body may have.
    static var keys: KeyTree { get }
}

extension ContainerRequest: StrictBody {}
extension ExecRequest: StrictBody {}
