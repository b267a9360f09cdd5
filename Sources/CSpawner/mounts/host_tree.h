// SPDX-License-Identifier: Apache-2.0
// Folders and files of the host, opened by the supervisor for the gateway (host_tree.c).
#pragma once
#include "csandbox_wire.h"
#include <stdbool.h>
#include <sys/types.h>

struct host_tree_rules {
    /// The tree includes the mounts below it.
    bool is_recursive;
    /// Path of DATA when the gateway has given root up: it may open what is below DATA, and no
    /// folder of the system. NULL: it may open everything.
    const char *data;
    /// With `data`: only what is below DATA.
    bool is_data_only;
};

/// Answers an OPEN_TREE in a process of its own, on `answer`. Returns its pid, or a number below 1.
pid_t host_tree_open(const struct csandbox_open_tree *order, int answer,
                     const struct host_tree_rules *rules);
/// Reads the path that a descriptor leads to, with all symbolic links resolved; `path` has
/// CSANDBOX_PATH_MAX bytes.
bool path_of_descriptor(int descriptor, char *path);
