// SPDX-License-Identifier: Apache-2.0
// The root of a slot's sandboxes: made once, lent to each of them, made anew
// when one of them has left a trace in it.
#pragma once
#include "step.h"
#include <stdbool.h>
#include <stdint.h>

/// Folders that a function can write to or change without that showing
/// elsewhere: the writable layer, /tmp of a read-only root, /dev/shm,
/// /dev/mqueue, /dev/pts and its ptmx.
enum { TRACES_MAX = 6 };

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

/// Of the System V objects that were made last.
struct ipc_numbers {
    int queue, semaphores, segment;
};

struct root {
    /// Its mount namespace; -1 while there is none. The slot is in its IPC
    /// namespace.
    int mounts;
    struct ipc_numbers numbers;
    /// The last sandbox's /proc is still there; the next one puts its own in its
    /// place.
    bool has_proc;
    /// A change from now on shows in the times.
    bool is_settled;
    int trace_count;
    struct trace traces[TRACES_MAX];
};

/// mounts/root.c: makes it, unless there is one.
struct failure root_ready(struct root *root);
/// When a sandbox has ended: keeps the root, unless the sandbox left a trace in it
/// or never came to be whole. Blocks while the kernel takes mounts apart.
void root_take_back(struct root *root, bool is_whole);
/// Ends it.
void root_let_go(struct root *root);
/// Opens the mount namespace that this process is in; moves this process to one,
/// or ends it.
struct failure mount_namespace_of_now(int *descriptor);
void go_to(int mounts);

/// mounts/root_traces.c: while the layer can still be seen by its own path; then what
/// it looks like untouched.
struct failure root_open_traces(struct root *root);
struct failure root_remember(struct root *root);
bool root_is_untouched(const struct root *root);
/// mounts/root_traces.c: whether the clock of files has gone on since the root was made.
bool root_has_settled(const struct root *root);
void root_close_traces(struct root *root);
/// mounts/root_traces.c: whether nothing more can be written to the layer in memory.
bool root_is_full(const struct root *root);
/// slot/ipc_traces.c: what the next objects in this process's IPC namespace are
/// numbered; then whether nobody but these two has made any since.
void ipc_remember(struct ipc_numbers *numbers);
bool ipc_is_untouched(struct ipc_numbers *numbers);
