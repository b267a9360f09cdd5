// SPDX-License-Identifier: Apache-2.0
// The messages between gateway, spawner and slots. Every message is one
// SOCK_SEQPACKET packet on one machine, so structs travel as they lie in
// memory; lengths and counts are checked by the receiver, whoever sent them.
#pragma once
#include "csandbox_bounds.h"
#include "csandbox_steps.h"
#include <stdint.h>

/// Raised whenever a struct below changes: a spawner of another build refuses.
#define CSANDBOX_PROTOCOL_VERSION 10u

enum csandbox_kind {
    // gateway to supervisor; one descriptor: the new spawner's end of its socket
    CSANDBOX_CONFIGURE = 1,
    // supervisor to gateway
    CSANDBOX_STARTED,
    CSANDBOX_ENDED,
    // spawner to gateway
    CSANDBOX_READY,
    CSANDBOX_SLOT_FAILED,
    CSANDBOX_SLOT_GONE,
    // gateway to spawner
    CSANDBOX_MAKE_SLOT,
    CSANDBOX_KILL_SLOT,
    // gateway to slot
    CSANDBOX_MAKE_SANDBOX,
    CSANDBOX_SIGNAL,
    // slot to gateway; three descriptors that do not block with READY, and with EXIT
    // those of the next sandbox: stdin (write), stdout (read), stderr (read); with a
    // terminal its master for the first two
    CSANDBOX_SLOT_READY,
    CSANDBOX_SANDBOX_READY,
    CSANDBOX_SANDBOX_FAILED,
    CSANDBOX_SANDBOX_EXIT,
    // gateway to PID 1, which reads it when it is ready to
    CSANDBOX_RELEASE,
    // gateway to spawner: build spare slots ahead, `value` of them
    CSANDBOX_SPARE,
    // gateway to supervisor: load the firewall's table; the answer is an outcome of the same kind
    CSANDBOX_FIREWALL,
    // gateway to supervisor: a folder or file of the host as a tree that can be mounted. One
    // descriptor: the socket for the answer, an outcome of the same kind with the tree
    CSANDBOX_OPEN_TREE,
    // sandbox to spawner, and back; two descriptors each way
    CSANDBOX_MAKE_OVERLAY,
    // gateway to warden, once, before it gives up its privileges; the answer is an
    // outcome of the same kind
    CSANDBOX_PIN,
    // gateway to warden; one descriptor: a new supervisor's socket
    CSANDBOX_SUPERVISE,
    // gateway to warden; one descriptor: a new worker's socket, on which the
    // answer comes too, an outcome of the same kind
    CSANDBOX_WORK,
    CSANDBOX_KILL_SUPERVISORS, // gateway to warden: for those that do not answer
    CSANDBOX_PING,             // gateway to spawner, and back: whether it still serves
};

/// Every message begins with this.
struct csandbox_header {
    uint32_t kind;
    uint32_t slot;
};

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

enum csandbox_feature {
    CSANDBOX_FEATURE_IDMAP = 1,
    CSANDBOX_FEATURE_CGROUP_MEMORY = 2,
    CSANDBOX_FEATURE_CGROUP_CPU = 4,
    CSANDBOX_FEATURE_CGROUP_PIDS = 8,
    CSANDBOX_FEATURE_OVERLAY = 16,
    CSANDBOX_FEATURE_EGRESS = 32,
    /// tmpfs has user attributes (kernel 6.6): overlays above it can be made in a
    /// user namespace.
    CSANDBOX_FEATURE_TMPFS_ATTRIBUTES = 64,
    /// Rootless: containers have more ids than one.
    CSANDBOX_FEATURE_ID_RANGE = 128,
};

struct csandbox_ready {
    struct csandbox_header header;
    uint32_t features;
    uint32_t step;
    int32_t error;
};

enum csandbox_slot_flags {
    CSANDBOX_SLOT_READ_ONLY = 1,
    CSANDBOX_SLOT_EGRESS = 2,
    CSANDBOX_SLOT_SECRETS = 4,
    /// The first tree is the writable layer, with folders `changes` and `scratch`:
    /// it outlives the sandbox.
    CSANDBOX_SLOT_LAYER = 8,
    /// PID 1 gets a terminal instead of pipes.
    CSANDBOX_SLOT_TERMINAL = 16,
    /// A memfd of `csandbox_mount` records came along.
    CSANDBOX_SLOT_MOUNTS = 32,
    /// It only stands ready: no network namespace of its own until its first sandbox is
    /// released. Where the host allows it; not with EGRESS, LAYER, TERMINAL or MOUNTS.
    CSANDBOX_SLOT_RESTING = 64,
    /// It makes its first sandbox unasked, as after a release with `is_followed`.
    CSANDBOX_SLOT_FOLLOWED = 128,
};

enum csandbox_route_kind {
    /// Through the host.
    CSANDBOX_ROUTE_GATEWAY = 1,
    /// Nowhere: "no route to host".
    CSANDBOX_ROUTE_REFUSED = 2,
};

struct csandbox_route {
    /// Host byte order; no bits set behind the prefix.
    uint32_t address;
    uint8_t prefix;
    uint8_t kind;
    uint16_t unused;
};

/// What the firewall lets a slot reach besides the public internet.
enum csandbox_egress_class {
    CSANDBOX_EGRESS_PUBLIC,
    /// Private ranges too, as its routes say; private name servers for DNS only.
    CSANDBOX_EGRESS_ALLOWED,
    /// Private ranges too, name servers among them.
    CSANDBOX_EGRESS_ALLOWED_NAMESERVERS,
    CSANDBOX_EGRESS_CLASSES,
};

/// Descriptors: slot's end of its socket, release socket's reading end, with
/// SECRETS a memfd of `csandbox_secret` records, with MOUNTS one of
/// `csandbox_mount`, then the trees. A slot with trees serves one sandbox only.
struct csandbox_make_slot {
    struct csandbox_header header;
    uint32_t flags;
    uint32_t uid;
    uint32_t gid;
    uint32_t group_count;
    uint32_t groups[CSANDBOX_GROUPS_MAX];
    /// Bit N is capability N; what PID 1 may keep.
    uint64_t capabilities;
    uint64_t memory_bytes;
    uint64_t disk_bytes;
    uint32_t cpu_millicores;
    uint32_t pids;
    /// Relative to the rootfs folder, without `..`, resolved beneath it without
    /// symbolic links.
    char rootfs[CSANDBOX_NAME_MAX];
    char hostname[CSANDBOX_HOSTNAME_MAX];
    char directory[CSANDBOX_DIRECTORY_MAX];
    /// Absolute paths, one NUL-terminated string after the other: folders that are made where
    /// the image has none. The first `volume_count` can be written to in a read-only root too.
    uint32_t folder_count;
    uint32_t volume_count;
    char folders[CSANDBOX_FOLDERS_BYTES];
    /// With EGRESS only: its firewall class, routes, and /etc/resolv.conf.
    uint32_t egress_class;
    uint32_t route_count;
    struct csandbox_route routes[CSANDBOX_ROUTES_MAX];
    char resolv_conf[CSANDBOX_RESOLV_MAX];
    uint32_t tree_count;
    /// Bit N: tree N can be read only.
    uint32_t trees_read_only;
};

/// In `csandbox_mount.tree`: an empty tmpfs.
#define CSANDBOX_TREE_MEMORY UINT32_MAX

struct csandbox_mount {
    /// Absolute, resolved as if the sandbox's root were "/"; made when absent.
    char target[CSANDBOX_PATH_MAX];
    /// Which tree is shown there.
    uint32_t tree;
    uint32_t unused;
    /// Of a tmpfs.
    uint64_t size_bytes;
};

/// A folder or file of the host, for OPEN_TREE.
struct csandbox_open_tree {
    struct csandbox_header header;
    /// Absolute; links are followed.
    char folder[CSANDBOX_PATH_MAX];
    /// Strictly below it, without any link; empty for the folder itself.
    char name[CSANDBOX_PATH_MAX];
};

struct csandbox_secret {
    char name[CSANDBOX_NAME_MAX];
    uint32_t size;
};

/// KILL_SLOT, MAKE_SANDBOX: value unused. SIGNAL: the signal's number.
/// SPARE: a count.
struct csandbox_command {
    struct csandbox_header header;
    int32_t value;
    /// SIGNAL: which sandbox it is for; another one ignores it.
    uint32_t sandbox;
};

/// SLOT_READY, SANDBOX_READY, SLOT_FAILED, SANDBOX_FAILED.
struct csandbox_outcome {
    struct csandbox_header header;
    uint32_t step;
    int32_t error;
    /// SANDBOX_READY: its number in its slot, from 1 on.
    uint32_t sandbox;
};

/// SLOT_GONE.
struct csandbox_slot_gone {
    struct csandbox_header header;
    int32_t wait_status;
    /// Not zero when the memory limit took the slot's own process.
    uint32_t oom_kills;
};

/// MAKE_OVERLAY. There: the image's tree and that of the slot's own files; back:
/// the overlay and the layer it writes to.
struct csandbox_overlay {
    struct csandbox_header header;
    /// Comes back as it went: an answer to a sandbox that died is not the next
    /// one's.
    uint32_t sequence;
    uint32_t step;
    int32_t error;
};

/// Limits that a sandbox came to, whatever it made of that.
enum csandbox_limits { CSANDBOX_LIMIT_PIDS = 1, CSANDBOX_LIMIT_DISK = 2 };

struct csandbox_exit {
    struct csandbox_header header;
    int32_t wait_status;
    /// Set when execve or a step after release failed.
    uint32_t step;
    int32_t error;
    /// Processes that the memory limit killed during this sandbox.
    uint32_t oom_kills;
    /// enum csandbox_limits, or-ed.
    uint32_t limits_reached;
    /// The number of the sandbox that the slot now makes unasked, 0 for none. It may be
    /// released: if it does not come so far, SANDBOX_FAILED and the slot's end follow.
    uint32_t next_sandbox;
    int64_t user_time_us;
    int64_t system_time_us;
    int64_t max_rss_bytes;
    /// CLOCK_MONOTONIC when its set-up was over, and just before execve.
    int64_t ready_at_ns;
    int64_t exec_at_ns;
    /// With EXEC and ENOENT: what the program asks for and the container lacks; empty where it
    /// is the program itself.
    char interpreter[CSANDBOX_INTERPRETER_MAX];
};

_Static_assert(sizeof(struct csandbox_exit) <= CSANDBOX_TO_GATEWAY_MAX, "the largest of them");

/// `argument_count` NUL-terminated strings, then `environment_count` more.
struct csandbox_release {
    struct csandbox_header header;
    uint32_t argument_count;
    uint32_t environment_count;
    /// Not 0: the slot is to make its next sandbox as soon as this one has ended.
    uint32_t is_followed;
    char strings[CSANDBOX_STRINGS_MAX];
};
