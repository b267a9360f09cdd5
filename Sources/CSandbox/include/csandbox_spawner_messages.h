// SPDX-License-Identifier: Apache-2.0
// Messages between the gateway and the spawner: orders for slots and their results.
#pragma once
#include "csandbox_message.h"

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
    /// All processes of a slot can be stopped and continued at once.
    CSANDBOX_FEATURE_FREEZER = 256,
    /// A process without privileges can make a user namespace inside a slot's, as templates do for copies.
    CSANDBOX_FEATURE_COPIES = 512,
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
    /// The first tree is the writable layer, with folders `changes` and `scratch`; it outlives the
    /// sandbox.
    CSANDBOX_SLOT_LAYER = 8,
    /// PID 1 gets a terminal instead of pipes.
    CSANDBOX_SLOT_TERMINAL = 16,
    /// A memfd of `csandbox_mount` records comes with the order.
    CSANDBOX_SLOT_MOUNTS = 32,
    /// The slot is idle: it shares the empty network namespace until its first sandbox is released.
    /// Where the host allows it; not with EGRESS, LAYER, TERMINAL or MOUNTS.
    CSANDBOX_SLOT_EMPTY_NETWORK = 64,
    /// The slot makes its first sandbox without an order, as after a release with `prepares_next`.
    CSANDBOX_SLOT_PREPARES_FIRST = 128,
    /// The slot's sandboxes are copies of one process that waits for its request. Not with EGRESS,
    /// LAYER, TERMINAL, MOUNTS, EMPTY_NETWORK, PREPARES_FIRST or capabilities.
    CSANDBOX_SLOT_TEMPLATE = 256,
    /// PID 1 is an init (sandbox/init.c), which starts the program, passes signals on to it, and waits
    /// for processes without a parent. Not with TEMPLATE.
    CSANDBOX_SLOT_INIT = 512,
    /// The gateway rewrites /etc/hosts while the sandbox runs. With links, and for one sandbox.
    CSANDBOX_SLOT_HOSTS = 1024,
};

enum csandbox_route_kind {
    /// Through the host.
    CSANDBOX_ROUTE_GATEWAY = 1,
    /// Refused: "no route to host".
    CSANDBOX_ROUTE_REFUSED = 2,
};

struct csandbox_route {
    /// Host byte order; no bits set after the prefix.
    uint32_t address;
    uint8_t prefix;
    uint8_t kind;
    uint16_t unused;
};

/// What the firewall allows a slot to reach besides the public internet.
enum csandbox_egress_class {
    CSANDBOX_EGRESS_PUBLIC,
    /// Private ranges too, as its routes say; private name servers for DNS only.
    CSANDBOX_EGRESS_ALLOWED,
    /// Private ranges too, name servers among them.
    CSANDBOX_EGRESS_ALLOWED_NAMESERVERS,
    CSANDBOX_EGRESS_CLASSES,
};

/// Descriptors: the slot's end of its socket, the release socket's reading end, with SECRETS a
/// memfd of `csandbox_secret` records, with MOUNTS one of `csandbox_mount`, then the trees. A slot
/// with trees serves one sandbox only.
struct csandbox_make_slot {
    struct csandbox_header header;
    uint32_t flags;
    uint32_t uid;
    uint32_t gid;
    uint32_t group_count;
    uint32_t groups[CSANDBOX_GROUPS_MAX];
    /// Bit N is capability N: those that PID 1 keeps.
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
    /// Absolute paths, NUL-terminated, one after the other: folders that are created where the
    /// image lacks them. The first `volume_count` are writable in a read-only root too.
    uint32_t folder_count;
    uint32_t volume_count;
    char folders[CSANDBOX_FOLDERS_BYTES];
    /// With EGRESS only: its firewall class, routes, and /etc/resolv.conf.
    uint32_t egress_class;
    uint32_t route_count;
    struct csandbox_route routes[CSANDBOX_ROUTES_MAX];
    char resolv_conf[CSANDBOX_RESOLV_MAX];
    uint32_t tree_count;
    /// Bit N: tree N is read-only.
    uint32_t trees_read_only;
    /// Lines of /etc/hosts behind the container's own, each with its end, and a NUL.
    char hosts[CSANDBOX_HOSTS_MAX];
    /// Own addresses among those of other containers, in host byte order; none without links. Not with
    /// EMPTY_NETWORK or TEMPLATE.
    uint32_t link_count;
    uint32_t links[CSANDBOX_LINKS_MAX];
};

/// In `csandbox_mount.tree`: an empty tmpfs.
#define CSANDBOX_TREE_MEMORY UINT32_MAX

struct csandbox_mount {
    /// Absolute, resolved as if the sandbox's root were "/"; created when missing.
    char target[CSANDBOX_PATH_MAX];
    /// Index of the tree that is mounted there.
    uint32_t tree;
    uint32_t unused;
    /// Size of a tmpfs.
    uint64_t size_bytes;
};

struct csandbox_secret {
    char name[CSANDBOX_NAME_MAX];
    uint32_t size;
};

/// SLOT_GONE.
struct csandbox_slot_gone {
    struct csandbox_header header;
    int32_t wait_status;
    /// Not zero when the memory limit killed the slot's own process.
    uint32_t oom_kills;
};
