// SPDX-License-Identifier: Apache-2.0
// System libarchive: tar, gzip, zstd, xz for ImageStore.
#pragma once
#include <archive.h>
#include <archive_entry.h>
