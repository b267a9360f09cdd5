// SPDX-License-Identifier: Apache-2.0
// The root of a slot's sandboxes: made once, copied for each of them, made anew
// when one of them has left a trace in it.
#pragma once
#include "step.h"
#include <stdbool.h>
#include <stdint.h>

/// Folders that a function can write to or change without that showing
/// elsewhere: the writable layer, /dev/shm, /tmp of a read-only root, /dev/pts
/// and its ptmx.
enum { TRACES_MAX = 4 };

/// Everything that can be told about a folder from outside.
struct trace {
    int folder;
    uint32_t mode, owner, group;
    int64_t modified_s, changed_s;
    uint32_t modified_ns, changed_ns;
    uint64_t attributes;
    int64_t extended_bytes;
    int flags;
    int names;
};

struct root {
    /// Its mount namespace; -1 while there is none.
    int mounts;
    /// A change from now on shows in the times.
    bool is_settled;
    int trace_count;
    struct trace traces[TRACES_MAX];
};

/// root.c: makes it, unless there is one that nobody has touched.
struct failure root_ready(struct root *root);
/// Ends it; what copies of it are left keep what they have.
void root_let_go(struct root *root);
/// Opens the mount namespace that this process is in; moves this process to one,
/// or ends it.
struct failure mount_namespace_of_now(int *descriptor);
void go_to(int mounts);

/// root_traces.c: while the layer can still be seen by its own path; then what
/// it looks like untouched.
struct failure root_open_traces(struct root *root);
struct failure root_remember(struct root *root);
bool root_is_untouched(const struct root *root);
/// root_traces.c: whether the clock of files has gone on since the root was made.
bool root_has_settled(const struct root *root);
void root_close_traces(struct root *root);
/// root_traces.c: whether nothing more can be written to the layer in memory.
bool root_is_full(const struct root *root);
