// SPDX-License-Identifier: Apache-2.0
// Folders and files of the host, opened by the supervisor for the gateway (host_tree.c).
#pragma once
#include "csandbox_wire.h"
#include <stdbool.h>
#include <sys/types.h>

struct host_tree_rules {
    /// The mounts below come along.
    bool is_recursive;
    /// Not NULL: the gateway has given root up, and may have what is below DATA, or no folder of
    /// the system.
    const char *data;
    /// With `data`: nothing else than what is below it.
    bool is_data_only;
};

/// Answers an OPEN_TREE in a process of its own, on `answer`. Returns its pid, or a number below 1.
pid_t host_tree_open(const struct csandbox_open_tree *order, int answer,
                     const struct host_tree_rules *rules);
/// The path that a descriptor leads to, all symbolic links resolved; `path` has CSANDBOX_PATH_MAX bytes.
bool path_of_descriptor(int descriptor, char *path);
