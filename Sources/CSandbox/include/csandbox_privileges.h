// SPDX-License-Identifier: Apache-2.0
// What a process gives up: the gateway after its start as root, and a worker
// before its first order. Each call is for a process with one thread.
#pragma once
#include "csandbox_wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// Becomes `user` and `group` without other groups, for ever: no capability in
/// any set, no_new_privs, no core dumps, `filter` as its seccomp filter. With `keeps_ports` CAP_NET_BIND_SERVICE
/// stays, and the way back with it, until csandbox_drop_ports. Returns 0 or
/// -errno; after an error the process must end.
int csandbox_drop_privileges(uid_t user, gid_t group, bool keeps_ports,
                             const struct csandbox_instruction *filter, size_t count);

/// Gives up what `keeps_ports` kept, in every thread.
int csandbox_drop_ports(uid_t user);

/// Threads of this process; -errno when they cannot be counted.
int csandbox_thread_count(void);

/// Makes `folder` a mount of its own, without set-user-ID, devices and programs,
/// in a mount namespace of this process's own. Where `parent` is not NULL only
/// root can pass it: it is covered with an empty folder in which nothing but
/// `folder` is. Returns 0 or -errno.
int csandbox_shelter(const char *parent, const char *folder);

struct csandbox_owner {
    uid_t uid;
    gid_t gid;
    uint32_t mode;
    bool is_folder;
};

/// Whose a name in an open folder is, links not followed. Returns 0 or -errno.
int csandbox_owner_of(int folder, const char *name, struct csandbox_owner *owner);

/// Gives it to `user` if it is `from`'s. Returns 0, also when it is another's;
/// -EMLINK for a file that has more names than this; else -errno.
int csandbox_give(int folder, const char *name, uid_t from, uid_t user, gid_t group);

/// Leaves nothing to see: an empty, read-only root. Returns 0 or -errno.
int csandbox_empty_root(void);

/// A worker's last step before its first order: an empty root, the capabilities
/// for files and no others, and a filter. Returns 0, or -errno with `*step` set.
int csandbox_confine(const struct csandbox_instruction *filter, size_t count, uint32_t *step);
