// SPDX-License-Identifier: Apache-2.0
// Drops privileges: of the gateway after its start as root, and of a worker before its first order. Each call
// is for a process with one thread, except csandbox_drop_ports.
#pragma once
#include "csandbox_wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// Changes to `user` and `group` without supplementary groups, irrevocably: no capability in any
/// set, no_new_privs, no core dumps, `filter` as its seccomp filter. With `keeps_ports`
/// CAP_NET_BIND_SERVICE and the saved user id of root stay until csandbox_drop_ports. Returns 0 or
/// -errno; after an error the process must end.
int csandbox_drop_privileges(uid_t user, gid_t group, bool keeps_ports,
                             const struct csandbox_instruction *filter, size_t count);

/// Drops what `keeps_ports` kept, in every thread. Returns 0 or -errno.
int csandbox_drop_ports(uid_t user);

/// Number of threads of this process, or -errno.
int csandbox_thread_count(void);

/// Makes `folder` a mount of its own, without set-user-ID, devices and programs, in a new mount
/// namespace of this process. When `parent` is not NULL, only root can search it: it is covered
/// with a folder that contains nothing but `folder`. Returns 0 or -errno.
int csandbox_isolate_folder(const char *parent, const char *folder);

struct csandbox_owner {
    uid_t uid;
    gid_t gid;
    uint32_t mode;
    bool is_folder;
};

/// Reads the owner of a name in an open folder without following a symbolic link. Returns 0 or
/// -errno.
int csandbox_owner_of(int folder, const char *name, struct csandbox_owner *owner);

/// Changes the owner to `user` and `group` if it is `from`. Returns 0, also for another owner;
/// -EMLINK for a file with several names; else -errno.
int csandbox_change_owner(int folder, const char *name, uid_t from, uid_t user, gid_t group);

/// Enters an empty, read-only root. Returns 0 or -errno.
int csandbox_empty_root(void);

/// The last step of a worker before its first order: an empty root, the capabilities for files and
/// no others, and a filter. Returns 0, or -errno with `*step` set.
int csandbox_confine(const struct csandbox_instruction *filter, size_t count, uint32_t *step);
