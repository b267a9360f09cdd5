// SPDX-License-Identifier: Apache-2.0
// Messages between the gateway, the warden and the supervisor: what is set once per gateway or once per worker.
#pragma once
#include "csandbox_message.h"

enum csandbox_cgroup_kind {
    CSANDBOX_CGROUP_V2 = 1,
    CSANDBOX_CGROUP_MEMORY = 2,
    CSANDBOX_CGROUP_CPU = 4,
    CSANDBOX_CGROUP_PIDS = 8
};

struct csandbox_cgroup {
    /// Bits of csandbox_cgroup_kind: V2 alone, or the v1 controllers of this
    /// hierarchy.
    uint32_t kinds;
    /// Absolute path of the folder that this gateway owns in the hierarchy; made
    /// when absent.
    char path[CSANDBOX_PATH_MAX];
};

enum csandbox_configure_flags {
    /// No privileges over the host: one user namespace around everything, made by
    /// the supervisor.
    CSANDBOX_ROOTLESS = 1,
    /// A second descriptor came along: a file with the firewall's ruleset for nft.
    CSANDBOX_EGRESS = 2,
    /// The spawner makes every writable root itself, as it does where tmpfs has no
    /// user attributes: for tests on hosts where it has them.
    CSANDBOX_HAND_OVERLAYS = 4,
    /// The file system of the trees cannot be mounted with other owners: all slots
    /// have slot 1's ids, and trees lie on the disk with owners that fit them.
    CSANDBOX_SHARED_IDS = 8,
    /// Containers are shown nothing of the host but what is in DATA.
    CSANDBOX_DATA_ONLY = 16,
};

struct csandbox_instruction {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t k;
};

struct csandbox_configure {
    struct csandbox_header header;
    uint32_t version;
    uint32_t flags;
    /// First host user id of slot 0's range; slot N begins at id_base + N *
    /// CSANDBOX_IDS_PER_SLOT.
    uint32_t id_base;
    /// Rootless: ids of others that newuidmap(1) gives this user, from these on; a
    /// count of 0 without.
    uint32_t range_uid;
    uint32_t range_gid;
    uint32_t range_count;
    uint32_t cgroup_count;
    struct csandbox_cgroup cgroups[CSANDBOX_CGROUPS_MAX];
    /// Absolute path of the folder that holds all rootfs trees.
    char rootfs_directory[CSANDBOX_PATH_MAX];
    /// Sixth argument of the set-up's own system calls, which the filter lets
    /// pass; unknown to functions.
    uint64_t cookie;
    /// Of the data folder: in the names of the firewall's table (all of it) and of
    /// interfaces (the low 16 bits).
    uint64_t gateway_hash;
    /// Distinguishes the tables of two runs of one gateway.
    uint32_t egress_run;
    /// First address of this gateway's slots, host byte order; slot N has four of
    /// them from N * 4 on.
    uint32_t egress_network;
    uint32_t filter_count;
    struct csandbox_instruction filter[CSANDBOX_FILTER_MAX];
};

/// Folders whose trees workers may be given.
enum csandbox_place { CSANDBOX_PLACE_ROOTFS, CSANDBOX_PLACE_BUILD, CSANDBOX_PLACES };

/// What stays as it was while the gateway still had its privileges, whatever it
/// says later. Descriptors: the workers' program and, with EGRESS, the
/// firewall's ruleset.
struct csandbox_pin {
    struct csandbox_header header;
    uint32_t version;
    /// The user that the gateway runs as; folders of its own lie between trees.
    uint32_t service_id;
    /// Absolute paths, by csandbox_place; all of them exist.
    char directories[CSANDBOX_PLACES][CSANDBOX_PATH_MAX];
    /// Every later CONFIGURE must be equal to it.
    struct csandbox_configure configuration;
};

enum csandbox_work_flags {
    /// The worker may change what is in its folder.
    CSANDBOX_WORK_WRITABLE = 1,
};

/// One worker for one folder.
struct csandbox_work {
    struct csandbox_header header;
    uint32_t place;
    uint32_t flags;
    /// Relative to the place; `.` is the place itself. Resolved beneath it without
    /// symbolic links.
    char name[CSANDBOX_NAME_MAX];
};

struct csandbox_started {
    struct csandbox_header header;
    /// Of the spawner, in the gateway's own PID namespace.
    int32_t pid;
    uint32_t step;
    int32_t error;
};

/// A folder or file of the host, for OPEN_TREE.
struct csandbox_open_tree {
    struct csandbox_header header;
    /// Absolute; links are followed.
    char folder[CSANDBOX_PATH_MAX];
    /// Strictly below it, without any link; empty for the folder itself.
    char name[CSANDBOX_PATH_MAX];
};
