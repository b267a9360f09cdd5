// SPDX-License-Identifier: Apache-2.0
// System libseccomp: the filter is compiled to BPF once at start, by Sandbox.
#pragma once
#include <errno.h>
#include <seccomp.h>

/// SCMP_ACT_ERRNO is a function-like macro, which Swift does not import.
static inline uint32_t CSeccomp_action_errno(uint16_t error_number) {
    return SCMP_ACT_ERRNO(error_number);
}
static inline uint32_t CSeccomp_action_allow(void) { return SCMP_ACT_ALLOW; }
static inline uint32_t CSeccomp_action_kill(void) { return SCMP_ACT_KILL_PROCESS; }
