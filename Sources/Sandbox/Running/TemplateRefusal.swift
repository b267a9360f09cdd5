// SPDX-License-Identifier: Apache-2.0
// Why a process cannot be copied, as text for logs and `describe`; made of the slot's answer here alone.

import CSandbox
import Glibc

enum TemplateRefusal {
    /// A clause that follows "it cannot be started from a template: ".
    static func text(_ answer: csandbox_template_answer) -> String {
        let culprit = withUnsafeBytes(of: answer.culprit) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return reason(answer, culprit) ?? "\(Packet.setupError(answer.step, answer.error))"
    }

    static let otherProcessor = "templates are not supported on this processor"

    static let noUserNamespace =
        "this host lets only root make user namespaces (kernel.unprivileged_userns_clone, "
        + "kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces)"

    /// Why a slot cannot copy its template, where the host is the reason: each copy has a user namespace of its own,
    /// which the template makes without any privilege.
    static func ofCopy(step: UInt32, errorNumber: Int32) -> SandboxError? {
        guard step == CSANDBOX_STEP_COPY_CLONE.rawValue else { return nil }
        return switch errorNumber {
        case EPERM, EACCES: .notCopyable(noUserNamespace)
        case ENOSPC, EUSERS:
            .unsupported(
                "another user namespace with what belongs to it, for a copy of a template (user.max_user_namespaces)"
            )
        default: nil
        }
    }

    private static func reason(_ answer: csandbox_template_answer, _ culprit: String) -> String? {
        switch csandbox_step(answer.step) {
        case CSANDBOX_STEP_TEMPLATE_SUPPORT: otherProcessor
        case CSANDBOX_STEP_TEMPLATE_START: "its program ended before it read its request"
        case CSANDBOX_STEP_TEMPLATE_READY where answer.error == ETIMEDOUT:
            "it was not waiting for its request after \(startSeconds) s"
        case CSANDBOX_STEP_TEMPLATE_THREADS:
            "it has \(answer.number) threads (for numpy: set OPENBLAS_NUM_THREADS=1)"
        case CSANDBOX_STEP_TEMPLATE_PROCESSES where answer.error == EBUSY:
            "it has \(answer.number) child or other processes"
        case CSANDBOX_STEP_TEMPLATE_FILTER: "it has installed a system call filter"
        case CSANDBOX_STEP_TEMPLATE_INPUT: "its standard streams are not those it was given"
        case CSANDBOX_STEP_TEMPLATE_OUTPUT: "it has written to its standard output before its request"
        case CSANDBOX_STEP_TEMPLATE_DESCRIPTORS: "descriptor \(answer.number) is open: \(culprit)"
        case CSANDBOX_STEP_TEMPLATE_MEMORY where answer.error == EBUSY:
            "it shares memory that a copy cannot have: \(culprit)"
        case CSANDBOX_STEP_TEMPLATE_MAPPINGS: "it has more than \(answer.number - 1) memory mappings"
        case CSANDBOX_STEP_TEMPLATE_TIMERS where answer.error == EBUSY: "it has a timer"
        default: nil
        }
    }

    /// As TEMPLATE_START_MS in CSpawner.
    private static let startSeconds = 9
}
