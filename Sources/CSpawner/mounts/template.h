// SPDX-License-Identifier: Apache-2.0
// A slot's mounts that outlive its sandboxes, and the parts of a root that is made from them.
#pragma once
#include "slot/seed.h"
#include "step.h"

/// template.c: mounts that outlive sandboxes. The first half is the same
/// for all functions.
/// `own_dev` is a detached /dev, -1 for the spawner's.
struct failure template_private_root(const struct slot_seed *seed, int own_dev);
/// `mounts` is a memfd of records, -1 without.
struct failure template_bind(int rootfs_tree, int secrets, int mounts);

/// etc_files.c: files of /etc for an image in `lower`; then mounts them over an image whose changes
/// are kept.
struct failure etc_write(int lower);
struct failure etc_bind(void);

/// folders.c: which folders of the plan the image in `lower` lacks; makes them, once per
/// slot; then what a new root needs for them, which is read-only afterwards when it is to be.
void folders_choose(int lower);
struct failure folders_lay(void);
struct failure folders_make(void);

/// targets.c: descriptor of a place below `root` as if that were "/", or -errno; what is
/// missing on the way is made. Raw calls only.
long make_in_root(int root, const char *target, bool folder);

/// taken_overlay.c: puts a root and a layer of the spawner's making in place.
struct failure overlay_take(void);
