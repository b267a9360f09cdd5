// SPDX-License-Identifier: Apache-2.0
// Messages between the gateway, a slot and its sandbox; and of a slot to the spawner for an overlay.
#pragma once
#include "csandbox_message.h"

/// MAKE_OVERLAY. Request: the trees of the image and of the slot's own files. Answer: the overlay
/// and the layer it writes to.
struct csandbox_overlay {
    struct csandbox_header header;
    /// The answer repeats it, so that the answer to an earlier request is not taken for this one's.
    uint32_t sequence;
    uint32_t step;
    int32_t error;
};

/// Limits that a sandbox has reached, whether or not that ended it.
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
    /// Number of the sandbox that the slot makes next without an order; 0 for none. It may be
    /// released at once: when its set-up fails, SANDBOX_FAILED and the end of the slot follow. In a
    /// slot with TEMPLATE its descriptors come with SANDBOX_READY.
    uint32_t next_sandbox;
    int64_t user_time_us;
    int64_t system_time_us;
    int64_t max_rss_bytes;
    /// CLOCK_MONOTONIC at the end of its set-up, and directly before execve.
    int64_t ready_at_ns;
    int64_t exec_at_ns;
    /// With EXEC and ENOENT: the interpreter that the program names and the container lacks; empty
    /// when the program itself is missing.
    char interpreter[CSANDBOX_INTERPRETER_MAX];
};

_Static_assert(sizeof(struct csandbox_exit) <= CSANDBOX_TO_GATEWAY_MAX, "the largest of them");

/// TEMPLATE_READY, TEMPLATE_FAILED.
struct csandbox_template_answer {
    struct csandbox_header header;
    uint32_t step;
    int32_t error;
    /// With a step that counts (threads, processes) the number that was found; with
    /// TEMPLATE_DESCRIPTORS the number of the descriptor.
    uint32_t number;
    /// With TEMPLATE_DESCRIPTORS and TEMPLATE_MEMORY: what was found, chosen by the function; else
    /// empty.
    char culprit[CSANDBOX_CULPRIT_MAX];
};

_Static_assert(sizeof(struct csandbox_template_answer) <= CSANDBOX_TO_GATEWAY_MAX, "fits");

/// The head of RELEASE, before its strings.
struct csandbox_release_head {
    struct csandbox_header header;
    uint32_t argument_count;
    uint32_t environment_count;
    /// Not 0: the slot makes its next sandbox as soon as this one has ended.
    uint32_t prepares_next;
};

/// `argument_count` NUL-terminated strings, then `environment_count` more. Swift does not import an
/// array of this length: it fills in the head and appends the strings.
struct csandbox_release {
    struct csandbox_release_head head;
    char strings[CSANDBOX_STRINGS_MAX];
};

/// DIAL, LISTEN.
struct csandbox_socket_order {
    struct csandbox_header header;
    /// Number of the sandbox whose namespace is meant; the answer is ESRCH when it is not the
    /// current one.
    uint32_t sandbox;
    /// The answer repeats it.
    uint32_t sequence;
    /// Port of 127.0.0.1, from 1 to 65535.
    uint32_t port;
};

/// What to do with a file.
enum csandbox_file_action {
    /// Opens it for writing, empty; makes it, and the folders above it, where they are missing.
    CSANDBOX_FILE_CREATE = 1,
    CSANDBOX_FILE_READ = 2,
};

/// OPEN_IN_ROOT. Only regular files are opened. Links on the way lead nowhere outside of the root; the
/// last part of the path may not be one.
struct csandbox_file_order {
    struct csandbox_header header;
    /// Number of the sandbox; the answer is ESRCH when its root is not there any more.
    uint32_t sandbox;
    /// The answer repeats it.
    uint32_t sequence;
    uint32_t action;
    /// CREATE: the permissions, up to 0777.
    uint32_t mode;
    /// Absolute, with its NUL.
    char path[CSANDBOX_PATH_MAX];
};

/// The answer to DIAL, LISTEN and OPEN_IN_ROOT.
struct csandbox_descriptor_answer {
    struct csandbox_header header;
    uint32_t sequence;
    /// An errno; 0 with a descriptor.
    int32_t error;
};

/// USAGE.
struct csandbox_usage_order {
    struct csandbox_header header;
    /// Number of the sandbox; the answer is ESRCH when it is not the current one.
    uint32_t sandbox;
    /// The answer repeats it.
    uint32_t sequence;
};

/// The answer to it.
struct csandbox_usage {
    struct csandbox_header header;
    uint32_t sequence;
    /// An errno.
    int32_t error;
    /// Of the cgroup, the slot's own few hundred KiB included; -1 where memory is not counted.
    int64_t memory_bytes;
    /// Of the processes that run now and the ones that they have waited for.
    int64_t cpu_us;
    uint32_t processes;
    /// Makes the size the same on every machine.
    uint32_t unused;
};
