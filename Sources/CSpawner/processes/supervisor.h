// SPDX-License-Identifier: Apache-2.0
// The supervisor's loop (supervisor.c).
#pragma once
#include "processes/process.h"

/// Serves the gateway until its socket closes, then ends this process.
_Noreturn void supervisor_main(const struct supervisor_seed *seed);
