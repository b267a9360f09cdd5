// SPDX-License-Identifier: Apache-2.0
// What the processes of this program share, whichever of them runs: signals, answers to the gateway, and what a new
// supervisor is given. Supervisor and warden both use it and know nothing of each other; main.c joins them.
#pragma once
#include "csandbox_wire.h"
#include "step.h"
#include <sys/types.h>

/// The descriptor that the gateway gives this program: its socket.
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

/// What a supervisor is given at its start. Without a warden, as an ordinary user's gateway has
/// it, nothing: NULL and -1.
struct supervisor_seed {
    /// Every CONFIGURE must be equal to it.
    const struct csandbox_configure *configuration;
    /// The firewall's ruleset; replaces the one of every CONFIGURE.
    int ruleset;
    /// The rootfs folder as it was when the gateway was root, which may have put anything in its
    /// place since.
    int rootfs_folder;
    /// DATA by its real path at that time.
    const char *data;
};
