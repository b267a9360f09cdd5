// SPDX-License-Identifier: Apache-2.0
// What the processes of this program share: signals, answers to the gateway, and what a new supervisor is
// given. Supervisor and warden both use it and do not call each other; main.c joins them.
#pragma once
#include "csandbox_wire.h"
#include "step.h"
#include <sys/types.h>

/// The gateway starts this program with its socket as this descriptor.
enum { GATEWAY_SOCKET = 3 };

/// Blocks every signal of this process. Returns a descriptor that becomes readable with SIGCHLD,
/// or -1 with errno.
int signals_open(void);
/// Reads what is pending, without blocking.
void signals_drain(int signals);

/// Sends an outcome without descriptors. Returns 0 or -errno.
int outcome_send(int socket, uint32_t kind, uint32_t slot, struct failure failure);
/// Sends STARTED on a supervisor's socket. Returns 0 or -errno.
int started_send(int socket, pid_t spawner, struct failure failure);

/// What a supervisor is given at its start. NULL and -1 without a warden.
struct supervisor_seed {
    /// Every CONFIGURE must equal this one.
    const struct csandbox_configure *configuration;
    /// The firewall's ruleset; it replaces the one that comes with a CONFIGURE.
    int ruleset;
    /// The rootfs folder, opened while the gateway was root: the unprivileged gateway can replace
    /// what its path names.
    int rootfs_folder;
    /// The real path of DATA at that time.
    const char *data;
};
