// SPDX-License-Identifier: Apache-2.0
// The root of a copy: made in a mount namespace of the slot's that ends with it, then attached in the copy's.
#pragma once
#include "step.h"
#include <stdbool.h>
#include <sys/types.h>

struct copy_root {
    /// The whole root as a detached tree, without /proc and message queues; -1.
    int tree;
    /// A folder of its writable layer; -1.
    int layer;
};

/// copy_root.c: with `has_layer` the layer that the template wrote lies below it. The descriptors are
/// the caller's, also after a failure.
struct failure copy_root_make(struct copy_root *root, bool has_layer);
/// copy_root.c: puts it over the root of the stopped copy, with a /proc and message queues of the copy's
/// namespaces.
struct failure copy_root_attach(const struct copy_root *root, pid_t copy, int pidfd);

/// copy_root.c: a detached clone of the layer of the root that is being made; then its place in the
/// slot's own mounts.
struct failure template_layer_open(int *layer);
struct failure template_layer_attach(int layer);

/// root.c: mounts everything of a root at /newroot, except message queues.
struct failure root_mount_for_copy(bool has_layer);
