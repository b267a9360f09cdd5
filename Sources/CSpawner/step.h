// SPDX-License-Identifier: Apache-2.0
// The result of a set-up step: success, or the step that failed and its errno. It is sent to the gateway as
// it is.
#pragma once
#include "csandbox_wire.h"
#include <errno.h>

struct failure {
    uint32_t step;
    int32_t error;
};

static inline struct failure success(void) { return (struct failure){CSANDBOX_STEP_NONE, 0}; }
static inline int failed(struct failure failure) { return failure.step != CSANDBOX_STEP_NONE; }

/// From a raw result (-errno on failure).
static inline struct failure check(uint32_t step, long result) {
    return result < 0 ? (struct failure){step, (int32_t)-result} : success();
}

/// From a C library result (-1 and errno on failure).
static inline struct failure check_errno(uint32_t step, long result) {
    return result < 0 ? (struct failure){step, errno} : success();
}

/// Returns from the calling function when a step fails.
#define TRY(expression)                                                                            \
    do {                                                                                           \
        struct failure failure_ = (expression);                                                    \
        if (failed(failure_))                                                                      \
            return failure_;                                                                       \
    } while (0)
