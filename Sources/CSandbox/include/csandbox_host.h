// SPDX-License-Identifier: Apache-2.0
// Starting the helper: memfd seals and posix_spawn's descriptor actions, which
// Swift does not see.
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// A memory file with these bytes that nobody can ever change, executable.
/// Returns the descriptor or -errno.
int csandbox_sealed_program(const void *bytes, size_t size);

/// Executes `program` as a child called `name` with `socket` as descriptor 3, /dev/null as
/// stdin and stdout, the caller's stderr, and an empty environment. Returns the
/// child's pid or -errno. Blocks until the child has executed.
pid_t csandbox_spawn(const char *name, int program, int socket);

/// Whether `folder` can be mounted with other owners (idmapped, kernel 5.12): 1 or
/// 0, -errno when that cannot be found out. Needs root.
int csandbox_translates_owners(const char *folder);

/// Names of the helper's two ways to work, its first argument. Of one length:
/// a warden's child takes the other name.
#define CSANDBOX_SUPERVISOR_NAME "mayfly-spawner"
#define CSANDBOX_WARDEN_NAME "mayfly-warden "

/// An empty file in memory, close-on-exec; `name` is for /proc only. Returns
/// the descriptor or -errno.
int csandbox_memory_file(const char *name);

/// Names the calling thread for people; at most 15 bytes.
void csandbox_name_thread(const char *name);
