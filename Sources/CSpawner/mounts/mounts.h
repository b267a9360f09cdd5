// SPDX-License-Identifier: Apache-2.0
// Mounts that the spawner makes once for all slots, and those that a slot makes once for itself.
#pragma once
#include "host.h"
#include "step.h"

/// An empty read-only folder, mounted on folders that functions may not see.
#define EMPTY_FOLDER "/dev/.empty"
/// In the spawner's root: the whole /sys of the empty network namespace; and whiteouts for the
/// parts of it that functions may not see.
#define EMPTY_NETWORK_SYS "/empty-network-sys"
#define SYS_WHITEOUTS "/sys-whiteouts"
/// In the spawner's root: an empty folder. An overlay without an upper folder needs two lower ones.
#define EMPTY_LOWER_FOLDER "/empty-lower"

/// prune.c: replaces this process's mount namespace with one of few mounts. `rootfs_tree` is a
/// detached mount of the rootfs folder, -1 for the configuration's path; `rootfs_folder` becomes a
/// descriptor of that folder in the new root.
struct failure prune_mounts(const struct host *host, int rootfs_tree, int *rootfs_folder);

/// masked_sys.c: mounts /sys of this process's network namespace. `is_mounted` becomes false where
/// the host hides /sys. `empty` is the path of EMPTY_FOLDER.
struct failure mount_masked_sys(const char *folder, const char *empty, bool *is_mounted);
/// masked_sys.c: the same for slots in the empty network namespace: prepared once by the spawner,
/// then mounted on `folder` by each slot as an overlay with its own inodes.
struct failure empty_network_sys_make(bool *is_mounted);
struct failure empty_network_sys_mount(const char *folder);
/// own_dev.c: a detached /dev with inodes of its own; `tree` becomes -1 where that is not possible.
struct failure own_dev_make(const struct host *host, int *tree);
/// own_dev.c: moves this process into a time namespace of its own. The process must have one thread
/// and share its memory with no child.
struct failure own_time_make(void);

/// spawner_overlay.c: whether tmpfs has user attributes, which overlays in user namespaces need.
bool tmpfs_has_user_attributes(void);
/// spawner_overlay.c: reads and answers one request on a slot's binding. `owner` is the host's id
/// of the slot's root. False when the slot has ended or the request is not valid.
bool overlay_answer(int binding, uint32_t owner, uint64_t disk_bytes);

/// layer.c: mount options of a writable layer's tmpfs.
enum { LAYER_OPTIONS_MAX = 96 };
void layer_options(char *text, uint64_t disk_bytes);
