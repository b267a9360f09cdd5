// SPDX-License-Identifier: Apache-2.0
// The warden's loop (warden.c), and the start of its workers (worker.c).
#pragma once
#include "processes/process.h"

/// What the gateway passed while it was root.
struct pinned {
    struct csandbox_pin facts;
    /// The workers' program.
    int program;
    /// The firewall's ruleset; -1 without.
    int ruleset;
    /// The folders of facts.directories.
    int places[CSANDBOX_PLACES];
};

/// Serves the gateway until its socket closes, then ends this process. Returns only in a child
/// that is to become a supervisor, with `seed` filled in. `name` is the memory of this process's
/// command line, where the child writes its own name.
void warden_main(char *name, struct supervisor_seed *seed);

/// worker.c: starts a worker that has `socket`, one folder and no other descriptor. `*pid` is set
/// when a process was created, also when a failure is returned.
struct failure worker_start(const struct pinned *pinned, const struct csandbox_work *order,
                            int socket, pid_t *pid);
