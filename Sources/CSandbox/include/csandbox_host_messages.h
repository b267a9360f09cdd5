// SPDX-License-Identifier: Apache-2.0
// Messages between the gateway, the warden and the supervisor, sent once per gateway, worker or tree.
#pragma once
#include "csandbox_message.h"

enum csandbox_cgroup_kind {
    CSANDBOX_CGROUP_V2 = 1,
    CSANDBOX_CGROUP_MEMORY = 2,
    CSANDBOX_CGROUP_CPU = 4,
    CSANDBOX_CGROUP_PIDS = 8,
    CSANDBOX_CGROUP_FREEZER = 16
};

struct csandbox_cgroup {
    /// Bits of csandbox_cgroup_kind: V2 alone, or the v1 controllers of this
    /// hierarchy.
    uint32_t kinds;
    /// Absolute path of the folder that this gateway owns in the hierarchy; created when missing.
    char path[CSANDBOX_PATH_MAX];
};

enum csandbox_configure_flags {
    /// No privileges over the host: the supervisor enters a user namespace that contains all other
    /// processes.
    CSANDBOX_ROOTLESS = 1,
    /// A second descriptor came along: a file with the firewall's ruleset for nft.
    CSANDBOX_EGRESS = 2,
    /// The spawner makes every writable root, as it does where tmpfs has no user attributes. For
    /// tests on hosts where it has them.
    CSANDBOX_SPAWNER_OVERLAYS = 4,
    /// The file system of the trees does not support idmapped mounts: all slots have the ids of
    /// slot 1, and trees have these owners on disk.
    CSANDBOX_SHARED_IDS = 8,
    /// Containers get no folder of the host that is not below DATA.
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
    /// Rootless: the first ids of the range that newuidmap(1) may map for this user; a count of 0
    /// without a range.
    uint32_t range_uid;
    uint32_t range_gid;
    uint32_t range_count;
    uint32_t cgroup_count;
    struct csandbox_cgroup cgroups[CSANDBOX_CGROUPS_MAX];
    /// Absolute path of the folder that holds all rootfs trees.
    char rootfs_directory[CSANDBOX_PATH_MAX];
    /// Sixth argument of the set-up's system calls, with which the filter allows them; functions do
    /// not know it.
    uint64_t cookie;
    /// Hash of the data folder's path: part of the names of the firewall's table and, with its low
    /// 16 bits, of interfaces.
    uint64_t gateway_hash;
    /// Distinguishes the tables of two runs of one gateway.
    uint32_t egress_run;
    /// First address of this gateway's slots, host byte order; slot N has four of
    /// them from N * 4 on.
    uint32_t egress_network;
    uint32_t filter_count;
    struct csandbox_instruction filter[CSANDBOX_FILTER_MAX];
};

/// Folders that contain the trees of workers.
enum csandbox_place {
    CSANDBOX_PLACE_ROOTFS,
    CSANDBOX_PLACE_BUILD,
    CSANDBOX_PLACE_CONTAINERS,
    CSANDBOX_PLACES
};

/// What the gateway pins while it is root. Descriptors: the workers' program and, with EGRESS, the
/// firewall's ruleset.
struct csandbox_pin {
    struct csandbox_header header;
    uint32_t version;
    /// The user id of the gateway, which owns folders between the trees.
    uint32_t service_id;
    /// Absolute paths, by csandbox_place; all of them exist.
    char directories[CSANDBOX_PLACES][CSANDBOX_PATH_MAX];
    /// Every later CONFIGURE must equal it.
    struct csandbox_configure configuration;
};

/// A file that the gateway reads again after it gave up root: a certificate or a key.
struct csandbox_pin_file {
    struct csandbox_header header;
    /// Absolute.
    char path[CSANDBOX_PATH_MAX];
};

enum csandbox_work_flags {
    /// The folder is writable for the worker.
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
    /// PID of the spawner in the gateway's PID namespace.
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
