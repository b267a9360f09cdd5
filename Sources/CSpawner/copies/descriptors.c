// SPDX-License-Identifier: Apache-2.0
// Descriptors of the template. A copy inherits them together with their open files, which it would share with
// all other copies: each must be one that the copy can open again. Every other kind is refused.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/// Text of /proc/PID/fdinfo/N: a few lines, and one for each lock or watched file.
enum { INFO_BYTES = 4096 };
/// Memory devices (Documentation/admin-guide/devices.txt): null, zero, full, random, urandom.
enum { MEMORY_DEVICES = 1, DEVICE_NULL = 3, DEVICE_ZERO = 5, DEVICE_URANDOM = 9 };

struct failure descriptor_refuse(int number, const char *name) {
    template.number = (uint32_t)number;
    facts_culprit(name);
    return (struct failure){CSANDBOX_STEP_TEMPLATE_DESCRIPTORS, EBUSY};
}

// The standard stream with this pipe; -1 for another file.
static int stream_of(const struct stat *status) {
    for (int i = 0; i < 3; i++)
        if (S_ISFIFO(status->st_mode) && status->st_ino == template.pipes[i])
            return i;
    return -1;
}

static bool is_memory_device(const struct stat *status) {
    unsigned number = minor(status->st_rdev);
    return S_ISCHR(status->st_mode) && major(status->st_rdev) == MEMORY_DEVICES &&
           (number == DEVICE_NULL || (number >= DEVICE_ZERO && number <= DEVICE_URANDOM));
}

// The kernel's mark of a name that was removed; the file may have another one.
static bool is_removed(const char *path) {
    static const char mark[] = " (deleted)";
    size_t size = strlen(path);
    return size >= sizeof mark - 1 && !strcmp(path + size - (sizeof mark - 1), mark);
}

// A file for reading, with a name that leads to it and without a lock on it.
static bool can_open_again(const struct stat *status, const struct template_descriptor *found,
                           const char *info) {
    bool is_file =
        S_ISREG(status->st_mode) && (found->flags & O_ACCMODE) == O_RDONLY && status->st_nlink > 0;
    return (is_file || is_memory_device(status)) && !(found->flags & O_PATH) &&
           found->path[0] == '/' && !is_removed(found->path) && !strstr(info, "lock:");
}

bool descriptor_info(int number, char *info, size_t size) {
    char name[64];
    snprintf(name, sizeof name, "fdinfo/%d", number);
    ssize_t filled = facts_read(template.process, name, info, size);
    return filled > 0 && (size_t)filled < size - 1;
}

static bool read_info(struct template_descriptor *found, char *info) {
    if (!descriptor_info(found->number, info, INFO_BYTES))
        return false;
    const char *flags = strstr(info, "flags:"), *position = strstr(info, "pos:");
    found->flags = flags ? (int)strtoul(flags + 6, NULL, 8) : 0;
    found->position = position ? strtoll(position + 4, NULL, 10) : 0;
    return flags && position;
}

// The name is cut when it is too long; then the file is refused.
static bool read_path(struct template_descriptor *found) {
    char name[64];
    snprintf(name, sizeof name, "%d/fd/%d", template.process, found->number);
    ssize_t size = readlinkat(slot.proc, name, found->path, sizeof found->path);
    bool fits = size > 0 && size < (ssize_t)sizeof found->path;
    found->path[fits ? size : (ssize_t)sizeof found->path - 1] = 0;
    return fits;
}

// An epoll set has no inode of its own; its name is the kernel's.
static bool is_epoll(const struct template_descriptor *found) {
    return !strcmp(found->path, "anon_inode:[eventpoll]");
}

// Whether a copy can open it again; says how.
static bool classify(const struct stat *status, struct template_descriptor *found, const char *info,
                     bool has_path) {
    found->other = stream_of(status);
    if (found->other >= 0) {
        found->kind = DESCRIPTOR_STREAM;
        return true;
    }
    if (S_ISSOCK(status->st_mode))
        return listener_record(found) || runtime_record(found) || pair_record(found);
    if (has_path && is_epoll(found)) {
        found->kind = DESCRIPTOR_EPOLL;
        return true;
    }
    found->kind = DESCRIPTOR_FILE;
    return has_path && can_open_again(status, found, info);
}

static struct failure examine(int number) {
    struct template_descriptor found = {.number = number};
    struct stat status;
    char name[64], info[INFO_BYTES];
    snprintf(name, sizeof name, "%d/fd/%d", template.process, number);
    bool has_path = read_path(&found);
    if (fstatat(slot.proc, name, &status, 0) < 0 || !read_info(&found, info))
        return descriptor_refuse(number, found.path);
    found.inode = status.st_ino;
    if (number <= STDERR_FILENO)
        return stream_of(&status) == number ? success()
                                            : (struct failure){CSANDBOX_STEP_TEMPLATE_INPUT, EBUSY};
    if (!classify(&status, &found, info, has_path))
        return descriptor_refuse(number, found.path);
    if (template.descriptor_count == TEMPLATE_DESCRIPTORS_MAX)
        return descriptor_refuse(number, "too many files");
    template.descriptors[template.descriptor_count++] = found;
    return success();
}

static struct failure examine_all(DIR *listing) {
    int streams = 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] == '.')
            continue;
        int number = atoi(entry->d_name);
        streams += number <= STDERR_FILENO;
        TRY(examine(number));
    }
    return streams == 3 ? success() : (struct failure){CSANDBOX_STEP_TEMPLATE_INPUT, EBADF};
}

// A client of the Runtime API has the connection on which it asked, once.
static struct failure check_runtime(void) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < template.descriptor_count; i++)
        count += template.descriptors[i].kind == DESCRIPTOR_RUNTIME;
    return template.runtime_port == 0 || count == 1
               ? success()
               : (struct failure){CSANDBOX_STEP_TEMPLATE_READY, ENOTCONN};
}

struct failure check_descriptors(void) {
    char path[64];
    snprintf(path, sizeof path, "%d/fd", template.process);
    template.descriptor_count = 0;
    int folder = openat(slot.proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_DESCRIPTORS, folder));
    DIR *listing = fdopendir(folder);
    if (!listing) {
        close(folder);
        return (struct failure){CSANDBOX_STEP_TEMPLATE_DESCRIPTORS, ENOMEM};
    }
    struct failure failure = examine_all(listing);
    closedir(listing);
    TRY(failure);
    TRY(check_runtime());
    TRY(pairs_match());
    return epoll_record_all();
}
