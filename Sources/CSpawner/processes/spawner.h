// SPDX-License-Identifier: Apache-2.0
// What the parts of the spawner share. Processes, outermost first: supervisor,
// spawner, slot, sandbox.
#pragma once
#include "csandbox_channel.h"
#include "csandbox_wire.h"
#include "step.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// Host-wide facts of one spawner; filled before the first slot, read by all
/// below.
struct host {
    struct csandbox_configure configuration;
    /// Folders of this gateway in each hierarchy, as in the configuration.
    int cgroup_folders[CSANDBOX_CGROUPS_MAX];
    uint32_t features;
    int socket;
    int signals;
    /// The private root's bind of the rootfs folder.
    int rootfs_folder;
    /// Rootless: ids of the namespace around everything.
    uint32_t own_ids;
    /// Whether the spawner makes the sandboxes' overlays, not they themselves.
    bool hands_overlays;
    /// The rootfs folder as it was when the gateway was root, which may have put
    /// anything in its place since; -1 without a warden.
    int pinned_rootfs;
    /// What of it the supervisor hands to the spawner; -1 when that looks itself.
    int rootfs_tree;
    /// Where slots stand that rest; -1 where that cannot be.
    int empty_network;
    bool empty_network_has_sys;
    /// DATA by its real path at that time.
    char pinned_data[CSANDBOX_PATH_MAX];
};
extern struct host host;

static inline bool rootless(void) { return host.configuration.flags & CSANDBOX_ROOTLESS; }

/// The file system of the trees has no idmapped mounts: one range of ids for all
/// slots, which the trees have on the disk.
static inline bool shares_ids(void) { return host.configuration.flags & CSANDBOX_SHARED_IDS; }

/// The host's id of a slot's root.
static inline uint32_t first_id_of(uint32_t index) {
    return host.configuration.id_base + (shares_ids() ? 1 : index) * CSANDBOX_IDS_PER_SLOT;
}

/// Whoever an image names runs as the one id that there is.
static inline bool single_id(void) { return rootless() && host.own_ids <= 1; }

/// processes/supervisor.c and processes/cgroup.c
struct failure cgroups_open(void);
void cgroups_sweep(const struct csandbox_configure *configuration);

/// A slot's folders in each hierarchy.
struct slot_cgroups {
    int tasks[CSANDBOX_CGROUPS_MAX];
    int v2_folder;
    int oom_counter;
    int pids_counter;
};
struct failure cgroups_prepare(uint32_t index, struct slot_cgroups *cgroups);
struct failure cgroups_limit(uint32_t index, const struct csandbox_make_slot *plan);
struct failure cgroups_enter(const struct slot_cgroups *cgroups);
void cgroups_close(struct slot_cgroups *cgroups);
uint32_t cgroups_oom_kills(const struct slot_cgroups *cgroups);
uint32_t cgroups_oom_kills_of(uint32_t index);
/// How often a process was refused because of the limit.
uint32_t cgroups_pids_refused(const struct slot_cgroups *cgroups);

/// Read-only and empty: it covers what functions may not see.
#define EMPTY_FOLDER "/dev/.empty"
/// In the spawner's root: /sys as it is seen from the empty network namespace, as a whole;
/// and what hides parts of it when it is laid over it.
#define EMPTY_NETWORK_SYS "/empty-network-sys"
#define SYS_WHITEOUTS "/sys-whiteouts"
/// In the spawner's root: empty, since an overlay without an upper folder wants two lower ones.
#define NOTHING_FOLDER "/nothing"

/// mounts/prune.c: leaves this process in a mount namespace with a handful of mounts.
struct failure prune_mounts(void);

/// mounts/masked_sys.c: /sys of this process's network namespace; none where the host
/// hides /sys. `empty` is where EMPTY_FOLDER is.
struct failure mount_masked_sys(const char *folder, const char *empty, bool *is_mounted);
/// mounts/masked_sys.c: the same for all slots in the empty network namespace: made once, then laid
/// over `folder` with inodes that are the slot's own.
struct failure empty_network_sys_make(bool *is_mounted);
struct failure empty_network_sys_lay(const char *folder);
/// mounts/own_dev.c: a detached /dev with inodes of its own; -1 where nodes cannot have any.
struct failure own_dev_make(int *tree);
/// mounts/own_dev.c: a time namespace of this process's own; single-threaded, with children of its own
/// address space none.
struct failure own_time_make(void);
/// network/loopback.c: of this process's network namespace.
struct failure loopback_up(void);
/// network/empty_network.c: fills in host.empty_network; call once, after prune_mounts.
void empty_network_open(void);

/// mounts/handed_overlay.c: whether overlays in user namespaces can do all they must.
bool tmpfs_has_user_attributes(void);
/// Answers one message on a slot's binding; false when the slot is gone.
bool overlay_answer(int binding, uint32_t index, uint64_t disk_bytes);

/// slot/slot.c: mount options of a writable layer.
enum { LAYER_OPTIONS_MAX = 96 };
void layer_options(char *text, uint64_t disk_bytes);

/// processes/user_namespace.c
struct failure user_namespace_make(uint32_t index, int *descriptor);
/// That of a process, which may have ended as long as nobody has reaped it; -1
/// with errno when there is none to be had, or it is the spawner's.
int user_namespace_of(pid_t pid);
struct failure own_namespace_enter(void);

/// mounts/host_tree.c: answers an order for a tree of the host's files, in a process
/// of its own.
/// With `is_pinned` the gateway is somebody without privileges, who gets DATA and
/// what is no system's.
/// Returns its pid, or a number below 1.
pid_t host_tree_open(const struct csandbox_open_tree *order, int answer, bool is_pinned);
/// Where a descriptor leads, whatever links were on the way; `path` has
/// CSANDBOX_PATH_MAX bytes.
bool path_of_descriptor(int descriptor, char *path);

/// processes/order.c: checks an order for a slot, and how many descriptors come with it.
bool order_is_sane(const struct csandbox_make_slot *plan, ssize_t size, size_t count);

/// processes/spawner.c: serves the gateway until it goes away.
_Noreturn void spawner_main(void);

/// slot/slot.c: the slot process, from its birth to its end.
struct slot_seed {
    uint32_t index;
    int binding;
    int user_namespace;
    /// Begins in the empty network namespace.
    bool rests;
    struct slot_cgroups cgroups;
};
_Noreturn void slot_main(const struct slot_seed *seed);
