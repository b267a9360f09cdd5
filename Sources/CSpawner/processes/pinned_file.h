// SPDX-License-Identifier: Apache-2.0
// Files that only root can read and the gateway has to read again: certificates and keys (pinned_file.c).
#pragma once
#include "csandbox_wire.h"
#include "processes/process.h"

/// Certificates and keys of one gateway: a hundred pairs, and the roots of its clients.
enum { PINNED_FILES_MAX = 201 };

/// Their paths, in the order in which the gateway sent them while it was root.
struct pinned_files {
    uint32_t count;
    char paths[PINNED_FILES_MAX][CSANDBOX_PATH_MAX];
};

/// Adds a path. The caller refuses further ones once the gateway has given up root.
struct failure pinned_file_add(struct pinned_files *files, const struct csandbox_pin_file *order,
                               ssize_t size);

/// Opens the path with the given number for reading, and answers on `socket`. Links are followed,
/// and what the path names now is opened: a renewed certificate replaces the old one.
void pinned_file_send(const struct pinned_files *files, uint32_t number, int socket);
