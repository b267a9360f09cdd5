// SPDX-License-Identifier: Apache-2.0
// The warden: what keeps root's privileges when the gateway has given up its
// own. It starts supervisors, and workers that touch the files of images.
#pragma once
#include "processes/spawner.h"

/// Where the gateway put its socket before executing this program.
enum { GATEWAY_SOCKET = 3 };

/// processes/supervisor.c. With `only`, every configuration must be equal to it, and
/// `only_ruleset` is the firewall's whatever the gateway sends.
_Noreturn void supervisor_main(const struct csandbox_configure *only, int only_ruleset);
int signal_descriptor(void);

/// processes/warden.c
_Noreturn void warden_main(char *name);

/// What the gateway pinned while it was root.
struct pinned {
    struct csandbox_pin facts;
    /// The workers' program.
    int program;
    int ruleset;
    int places[CSANDBOX_PLACES];
};
extern struct pinned pinned_facts;

/// processes/worker.c: starts one worker that has `socket` and one folder and nothing else.
/// `*pid` is set when a process was made, whatever is returned.
struct failure worker_start(const struct csandbox_work *order, int socket, pid_t *pid);
