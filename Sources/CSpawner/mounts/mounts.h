// SPDX-License-Identifier: Apache-2.0
// Mounts that the spawner makes once for all slots, and a slot once for itself.
#pragma once
#include "host.h"
#include "step.h"

/// Read-only and empty: it covers what functions may not see.
#define EMPTY_FOLDER "/dev/.empty"
/// In the spawner's root: /sys as it is seen from the empty network namespace, as a whole;
/// and what hides parts of it when it is laid over it.
#define EMPTY_NETWORK_SYS "/empty-network-sys"
#define SYS_WHITEOUTS "/sys-whiteouts"
/// In the spawner's root: empty, since an overlay without an upper folder wants two lower ones.
#define NOTHING_FOLDER "/nothing"

/// prune.c: leaves this process in a mount namespace with a handful of mounts. `rootfs_tree` is a
/// detached mount of the rootfs folder, -1 for the configuration's path; `rootfs_folder` becomes
/// its folder in the new root.
struct failure prune_mounts(const struct host *host, int rootfs_tree, int *rootfs_folder);

/// masked_sys.c: /sys of this process's network namespace; none where the host
/// hides /sys. `empty` is where EMPTY_FOLDER is.
struct failure mount_masked_sys(const char *folder, const char *empty, bool *is_mounted);
/// masked_sys.c: the same for all slots in the empty network namespace: made once, then laid
/// over `folder` with inodes that are the slot's own.
struct failure empty_network_sys_make(bool *is_mounted);
struct failure empty_network_sys_lay(const char *folder);
/// own_dev.c: a detached /dev with inodes of its own; -1 where nodes cannot have any.
struct failure own_dev_make(const struct host *host, int *tree);
/// own_dev.c: a time namespace of this process's own; single-threaded, with children of its own
/// address space none.
struct failure own_time_make(void);

/// handed_overlay.c: whether overlays in user namespaces can do all they must.
bool tmpfs_has_user_attributes(void);
/// handed_overlay.c: the spawner answers one message on a slot's binding. `owner` is the host's id
/// of the slot's root. False when the slot is gone.
bool overlay_answer(int binding, uint32_t owner, uint64_t disk_bytes);

/// layer.c: mount options of a writable layer's tmpfs.
enum { LAYER_OPTIONS_MAX = 96 };
void layer_options(char *text, uint64_t disk_bytes);
