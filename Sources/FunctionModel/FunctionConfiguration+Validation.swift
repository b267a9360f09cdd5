// SPDX-License-Identifier: Apache-2.0
// Rules between the values of a configuration. Code that reads a configuration from outside calls them.

extension FunctionConfiguration {
    /// Docker's default set, the maximum for a function.
    package static let capabilitiesAllowed: Set<String> = [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
        "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP",
        "CAP_SETUID", "CAP_SYS_CHROOT",
    ]

    /// Networks that one function may list: each is a route in every slot of it, and a slot has room for 96.
    private static let egressAllowMax = 64

    /// Requests of one sandbox: far more than spread the start of a program thin, and few enough that leaks and state
    /// of a server end some time.
    package static let reuseMax = 100_000

    /// Checks what the types alone cannot; cron expressions are checked by Scheduler.
    ///
    /// - Throws: ``ModelError`` naming the field.
    package func validate() throws(ModelError) {
        try limits.validate()
        try Self.require("concurrency", concurrency, in: 1...4096)
        try Self.require("queue.length", queue.length, in: 0...65536)
        try Self.require("warm.max", warm.max, in: 0...4096)
        try Self.require("warm.min", warm.min, in: 0...warm.max)
        guard timeout.nanoseconds > 0 else {
            throw ModelError(field: "timeout", value: "\(timeout)", expected: "more than zero")
        }
        try asynchronous.validate()
        try cors?.validate()
        try rate?.validate()
        try validateContractKeys()
        try requests.validate(within: limits)
        try validateEgress()
        try validateUses()
        try validateTexts()
    }

    /// Keys that only one contract has an effect of.
    private func validateContractKeys() throws(ModelError) {
        if let port {
            try Self.require("port", port, in: 1...65535)
            try requireContract(.http, for: "port", "\(port)")
        }
        if let readyPath {
            try requireContract(.http, for: "ready_path", readyPath)
            guard readyPath.hasPrefix("/"), readyPath.utf8.allSatisfy({ (33..<127).contains($0) }) else {
                throw ModelError(
                    field: "ready_path",
                    value: readyPath,
                    expected: "a path such as /healthz, percent-encoded where needed"
                )
            }
        }
        if reuse != 1 {
            try Self.require("reuse", reuse, in: 1...Self.reuseMax)
            try requireContract(.http, for: "reuse", "\(reuse)")
        }
        if prestart { try requireContract(.stdio, for: "prestart", "true") }
        if template { try validateTemplate() }
        if let contentType { try requireContract(.stdio, for: "content_type", contentType) }
    }

    /// A template is a program that starts ahead; its copies have no network but loopback, and no capability.
    private func validateTemplate() throws(ModelError) {
        let missing: String? =
            if !startsAhead {
                "none without 'prestart: true', 'contract: http' or 'contract: lambda'"
            } else if reuse > 1 {
                "none with 'reuse'"
            } else if network != .none {
                "none with 'network: \(network.rawValue)'"
            } else if !uses.isEmpty {
                "none with 'uses'"
            } else {
                capabilities.isEmpty ? nil : "none with 'capabilities'"
            }
        if let missing { throw ModelError(field: "template", value: "true", expected: missing) }
    }

    private func requireContract(_ wanted: Contract, for field: String, _ value: String) throws(ModelError) {
        guard contract != wanted else { return }
        throw ModelError(
            field: field,
            value: value,
            expected: "none with 'contract: \(contract.rawValue)': only '\(wanted.rawValue)' uses it"
        )
    }

    private func validateEgress() throws(ModelError) {
        guard egressAllow.isEmpty || network == .egress else {
            throw ModelError(
                field: "egress_allow",
                value: egressAllow.joined(separator: ", "),
                expected: "none without 'network: egress'"
            )
        }
        guard egressAllow.count <= Self.egressAllowMax else {
            throw ModelError(
                field: "egress_allow",
                value: "\(egressAllow.count) networks",
                expected: "at most \(Self.egressAllowMax)"
            )
        }
        for text in egressAllow {
            guard let network = IPv4Network(text) else {
                throw ModelError(
                    field: "egress_allow",
                    value: text,
                    expected: "an IPv4 network such as 10.1.0.0/16"
                )
            }
            guard !IPv4Network.unreachable.contains(where: { $0.contains(network) }) else {
                throw ModelError(
                    field: "egress_allow",
                    value: text,
                    expected: "a network that can be reached"
                )
            }
        }
    }

    /// Texts that reach the kernel or an HTTP header.
    ///
    /// Bytes are compared: a combining mark after `=` hides it
    /// from a comparison of characters.
    private func validateTexts() throws(ModelError) {
        for (key, value) in environment {
            guard !key.isEmpty, !key.utf8.contains(UInt8(ascii: "=")), !key.utf8.contains(0),
                !value.utf8.contains(0)
            else {
                throw ModelError(field: "environment", value: key, expected: "a name without '=' or NUL")
            }
        }
        for secret in secrets where !SecretName.isValid(secret) {
            throw ModelError(
                field: "secrets",
                value: secret,
                expected:
                    "1 to \(SecretName.bytesMax) letters, digits, '.', '_' or '-', not starting with '.'"
            )
        }
        if let secret = authentication.secret, !SecretName.isValid(secret) {
            throw ModelError(
                field: "auth.hmac.secret",
                value: secret,
                expected: "the name of a secret"
            )
        }
        for capability in capabilities where !Self.capabilitiesAllowed.contains(capability) {
            throw ModelError(
                field: "capabilities",
                value: capability,
                expected: "one of \(Self.capabilitiesAllowed.sorted().joined(separator: ", "))"
            )
        }
        if let command, command.first?.isEmpty ?? true || command.contains(where: { $0.utf8.contains(0) }) {
            throw ModelError(
                field: "command",
                value: command.joined(separator: " "),
                expected: "a program and its arguments, without NUL"
            )
        }
        if let contentType, contentType.isEmpty || !contentType.utf8.allSatisfy({ (32..<127).contains($0) }) {
            throw ModelError(
                field: "content_type",
                value: contentType,
                expected: "a media type such as text/plain, in printable ASCII"
            )
        }
    }

    private static func require(
        _ field: String,
        _ value: Int,
        in range: ClosedRange<Int>
    ) throws(ModelError) {
        guard range.contains(value) else {
            throw ModelError(
                field: field,
                value: "\(value)",
                expected: "\(range.lowerBound) to \(range.upperBound)"
            )
        }
    }
}
