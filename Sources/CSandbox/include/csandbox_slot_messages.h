// SPDX-License-Identifier: Apache-2.0
// Messages between the gateway, a slot and its sandbox; and of a sandbox to the spawner for its overlay.
#pragma once
#include "csandbox_message.h"

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

/// What comes before the strings of RELEASE.
struct csandbox_release_head {
    struct csandbox_header header;
    uint32_t argument_count;
    uint32_t environment_count;
    /// Not 0: the slot is to make its next sandbox as soon as this one has ended.
    uint32_t prepares_next;
};

/// `argument_count` NUL-terminated strings, then `environment_count` more. Swift does not import
/// an array of this length: it fills in the head and appends the strings.
struct csandbox_release {
    struct csandbox_release_head head;
    char strings[CSANDBOX_STRINGS_MAX];
};

/// DIAL, LISTEN.
struct csandbox_socket_order {
    struct csandbox_header header;
    /// Which sandbox's namespace; another one's answer is ESRCH.
    uint32_t sandbox;
    /// Comes back as it went.
    uint32_t sequence;
    /// Of 127.0.0.1, from 1 to 65535.
    uint32_t port;
};

/// The answer to both.
struct csandbox_socket_answer {
    struct csandbox_header header;
    uint32_t sequence;
    /// An errno; 0 with a descriptor.
    int32_t error;
};
