// SPDX-License-Identifier: Apache-2.0
// Resources that a function requests from the host at its deploy, in the form of Kubernetes and OpenFaaS.

/// Resources that the host must have; a deploy that asks for more is refused.
package struct ResourceRequests: Hashable, Sendable, Codable {
    /// nil asks for nothing.
    package var memory: ByteCount?
    /// nil asks for nothing.
    package var cpu: Millicores?

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable { case memory, cpu }

    /// Checks the requests against the function's own limits.
    ///
    /// - Throws: ``ModelError`` naming the field.
    func validate(within limits: Limits) throws(ModelError) {
        if let memory, memory > limits.memory {
            throw ModelError(
                field: "requests.memory",
                value: "\(memory)",
                expected: "at most limits.memory, \(limits.memory)"
            )
        }
        if let cpu, cpu > limits.cpu {
            throw ModelError(
                field: "requests.cpu",
                value: "\(cpu)",
                expected: "at most limits.cpu, \(limits.cpu)"
            )
        }
    }
}
