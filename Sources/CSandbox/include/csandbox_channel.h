// SPDX-License-Identifier: Apache-2.0
// Packets with file descriptors: SCM_RIGHTS needs macros and variable-length
// control data that Swift cannot write.
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// Sends one packet with up to CSANDBOX_DESCRIPTORS_MAX descriptors, without
/// SIGPIPE. Returns 0 or -errno.
int csandbox_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count);

/// Receives one packet; new descriptors are close-on-exec, surplus ones are
/// closed. Never blocks when `flags` has MSG_DONTWAIT. Returns the packet's
/// size, 0 at the end, or -errno (-EMSGSIZE when it was longer than `size`).
ssize_t csandbox_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count,
                         int flags);
