// SPDX-License-Identifier: Apache-2.0
// Starts the helper: memfd seals and posix_spawn's descriptor actions, which Swift's Glibc module does not
// contain.
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// Creates an executable memory file with these bytes that can never be changed. Returns its
/// descriptor or -errno.
int csandbox_sealed_program(const void *bytes, size_t size);

/// Executes `program` as a child called `name` with `socket` as descriptor 3, /dev/null as
/// stdin and stdout, the caller's stderr, and an empty environment. Returns the
/// child's pid or -errno. Blocks until the child has executed.
pid_t csandbox_spawn(const char *name, int program, int socket);

/// Whether the file system of `folder` supports idmapped mounts (Linux 5.12): 1 or 0, or -errno
/// when that cannot be determined. Needs root.
int csandbox_supports_idmap(const char *folder);

/// Whether the file system of `file` writes the blocks of a file in place (ext2 to ext4, tmpfs), so that a write
/// to a page of it that is mapped and has a block needs no other one. False for every other one.
_Bool csandbox_writes_in_place(int file);

/// The helper's first argument selects its role. Both names have the same length, because a child
/// of the warden overwrites one with the other.
#define CSANDBOX_SUPERVISOR_NAME "mayfly-spawner"
#define CSANDBOX_WARDEN_NAME "mayfly-warden "

/// Creates an empty memory file, close-on-exec; `name` is shown in /proc only. Returns the
/// descriptor or -errno.
int csandbox_memory_file(const char *name);

/// Sets the name of the calling thread, at most 15 bytes, as tools show it.
void csandbox_name_thread(const char *name);
