// SPDX-License-Identifier: Apache-2.0
// The mounts of a slot that outlive its sandboxes, and parts of a root that is made from them.
#pragma once
#include "slot/seed.h"
#include "step.h"

/// template.c: the part of the template that is the same for all functions. `own_dev` is a detached
/// /dev, -1 for the spawner's.
struct failure template_private_root(const struct slot_seed *seed, int own_dev);
/// template.c: the part that belongs to one function. `mounts` is a memfd of records, -1 without.
struct failure template_bind(int rootfs_tree, int secrets, int mounts);

/// etc_files.c: writes files of /etc for the image in `lower`; mounts them on a root whose changes
/// are kept.
struct failure etc_write(int lower);
struct failure etc_bind(void);
/// etc_files.c: opens /etc/hosts of a slot with HOSTS for writing. Returns a descriptor or -errno.
long etc_open_hosts(void);

/// folders.c: finds the folders of the plan that the image in `lower` lacks; creates them once per
/// slot; prepares them in a new root, which becomes read-only when the plan says so.
void folders_find(int lower);
struct failure folders_make_in_template(void);
struct failure folders_make_in_root(void);

/// targets.c: opens a place below `root` as if that were "/", and creates what is missing on the
/// way. Returns a descriptor or -errno. Raw calls only.
long make_in_root(int root, const char *target, bool folder);

/// received_overlay.c: requests a root and a layer from the spawner and mounts them; with `has_template` the
/// layer that the slot's template wrote lies below them.
struct failure overlay_request(bool has_template);
