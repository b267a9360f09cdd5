// SPDX-License-Identifier: Apache-2.0
// Messages between the gateway, a slot and its sandbox; and of a slot to the spawner for an overlay.
#pragma once
#include "csandbox_message.h"

/// Trees of a request for an overlay: two, or three for a copy of a template that changed its root.
enum { CSANDBOX_OVERLAY_TREES_MIN = 2, CSANDBOX_OVERLAY_TREES_MAX = 3 };

/// MAKE_OVERLAY. Request: the trees of the image, of the slot's own files, and of the changes that the
/// slot's template made to its root. Answer: the overlay and the layer it writes to.
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

enum csandbox_transport { CSANDBOX_STREAM, CSANDBOX_DATAGRAMS };

/// DIAL, LISTEN.
struct csandbox_socket_order {
    struct csandbox_header header;
    /// Number of the sandbox whose namespace is meant; the answer is ESRCH when it is not the
    /// current one.
    uint32_t sandbox;
    /// The answer repeats it.
    uint32_t sequence;
    /// From 1 to 65535.
    uint32_t port;
    /// enum csandbox_transport; LISTEN: a stream.
    uint32_t transport;
    /// DIAL: an address of the container in host byte order, and the one that the connection comes
    /// from; 0 for 127.0.0.1.
    uint32_t address;
    uint32_t source;
};

/// What to do with a file.
enum csandbox_file_action {
    /// Opens it for writing, empty; makes it, and the folders above it, where they are missing.
    CSANDBOX_FILE_CREATE = 1,
    CSANDBOX_FILE_READ = 2,
    // The others are for a running sandbox, whose program may change what paths lead through at any
    // time; volumes are within reach, /proc is not.
    /// Whatever is there, for its status and for the target of a link; `mode` is not 0 to follow a
    /// link at the end as well.
    CSANDBOX_FILE_LOOK = 3,
    /// A regular file or a folder, for reading.
    CSANDBOX_FILE_OPEN = 4,
    /// A new regular file in place of what is there, unless that is a folder; of root.
    CSANDBOX_FILE_REPLACE = 5,
    /// A folder, new and of root unless there is one.
    CSANDBOX_FILE_FOLDER = 6,
    /// A symbolic link to `target` in place of what is there, unless that is a folder.
    CSANDBOX_FILE_LINK = 7,
    /// In a slot with HOSTS: its /etc/hosts, for writing; `path` is "/".
    CSANDBOX_FILE_HOSTS = 8,
    /// The folder /proc of the running sandbox, which lists its processes; `path` is "/".
    CSANDBOX_FILE_PROCESSES = 9,
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
    /// CREATE, REPLACE, FOLDER: the permissions, up to 0777.
    uint32_t mode;
    /// Absolute, with its NUL.
    char path[CSANDBOX_PATH_MAX];
    /// LINK: with its NUL.
    char target[CSANDBOX_PATH_MAX];
};

/// LINK.
struct csandbox_links_order {
    struct csandbox_header header;
    /// Number of the sandbox; the answer is ESRCH when it is not the current one.
    uint32_t sandbox;
    /// The answer repeats it.
    uint32_t sequence;
    uint32_t link_count;
    /// As in csandbox_make_slot.
    uint32_t links[CSANDBOX_LINKS_MAX];
};

/// The answer to DIAL, LISTEN, OPEN_IN_ROOT and LINK.
struct csandbox_descriptor_answer {
    struct csandbox_header header;
    uint32_t sequence;
    /// An errno; 0 with a descriptor, and after LINK.
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

enum csandbox_enter_flags {
    /// The process gets a terminal of its own instead of pipes.
    CSANDBOX_ENTER_TERMINAL = 1,
};

/// The head of ENTER, before its strings.
struct csandbox_enter_head {
    struct csandbox_header header;
    /// Number of the sandbox; the answer is ESRCH when it is not the current one, and EAGAIN before
    /// its program was executed.
    uint32_t sandbox;
    /// The answer repeats it.
    uint32_t sequence;
    uint32_t flags;
    /// The user in the container's own numbers; root has the capabilities of the slot's plan.
    uint32_t uid;
    uint32_t gid;
    uint32_t group_count;
    uint32_t groups[CSANDBOX_GROUPS_MAX];
    uint32_t argument_count;
    uint32_t environment_count;
    /// Absolute, with its NUL.
    char directory[CSANDBOX_DIRECTORY_MAX];
};

/// The strings are those of csandbox_release.
struct csandbox_enter {
    struct csandbox_enter_head head;
    char strings[CSANDBOX_STRINGS_MAX];
};

/// The answer to it.
struct csandbox_enter_answer {
    struct csandbox_header header;
    uint32_t sequence;
    /// Not 0, with the step: nothing was made.
    int32_t error;
    uint32_t step;
    /// Number of the process in its slot, from 1 on.
    uint32_t process;
};

/// In the fourth descriptor of the answer: the process did not execute.
struct csandbox_enter_failure {
    uint32_t step;
    int32_t error;
    /// As in csandbox_exit.
    char interpreter[CSANDBOX_INTERPRETER_MAX];
};

/// ENTERED_EXIT.
struct csandbox_entered_exit {
    struct csandbox_header header;
    uint32_t process;
    int32_t wait_status;
    int64_t user_time_us;
    int64_t system_time_us;
    int64_t max_rss_bytes;
};
