// SPDX-License-Identifier: Apache-2.0
// The root of a slot's sandboxes: created once, used by one sandbox after the other, and created again after
// one of them has changed it.
#pragma once
#include "step.h"
#include <stdbool.h>
#include <stdint.h>

/// Most folders that a function can write to or change without a trace elsewhere: the writable
/// layer, /tmp of a read-only root, /dev/shm, /dev/mqueue, /dev/pts and its ptmx.
enum { TRACES_MAX = 6 };

/// State of a folder from which a change can be seen.
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

/// Numbers of the System V objects that were created last.
struct ipc_numbers {
    int queue, semaphores, segment;
};

struct root {
    /// Its mount namespace; -1 while there is none. The slot itself is in its IPC namespace.
    int mounts;
    struct ipc_numbers numbers;
    /// The /proc of the last sandbox is still mounted; the next sandbox replaces it.
    bool has_proc;
    /// The clock of files has advanced since the root was made, so a change shows in the times.
    bool is_settled;
    /// The slot has made files in it for the gateway: no other sandbox may use it.
    bool is_written;
    /// The gateway reads files of it after the end of its sandbox.
    bool is_held;
    int trace_count;
    struct trace traces[TRACES_MAX];
};

/// root.c: creates the root, unless there is one.
struct failure root_ensure(struct root *root);
/// To be called after each sandbox: keeps the root, unless the sandbox has changed it or did not
/// complete it. Blocks while the kernel unmounts it. A root that is held stays until root_ensure.
void root_recycle(struct root *root, bool is_whole);
/// Closes the root, with all of its mounts.
void root_release(struct root *root);
/// Opens the mount namespace of this process; moves this process into one, or ends it.
struct failure mount_namespace_of_now(int *descriptor);
void enter_mounts(int mounts);

/// root_traces.c: opens the folders, while the layer still has a path; then records their state.
struct failure root_open_traces(struct root *root);
struct failure root_record(struct root *root);
bool root_is_unchanged(const struct root *root);
/// root_traces.c: whether the clock of files has advanced since the root was made.
bool root_has_settled(const struct root *root);
void root_close_traces(struct root *root);
/// root_traces.c: whether the layer in memory is full.
bool root_is_full(const struct root *root);
/// root_traces.c: the same of a layer with this folder.
bool layer_is_full(int folder);
/// slot/ipc_traces.c: records the numbers of new objects in this process's IPC namespace; then
/// whether no other process has created objects since.
void ipc_record(struct ipc_numbers *numbers);
bool ipc_is_unchanged(struct ipc_numbers *numbers);
