// SPDX-License-Identifier: Apache-2.0
// Starts the helper from a sealed memory file.
#define _GNU_SOURCE
#include "csandbox_host.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

static int write_all(int file, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0)
            return -errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/// The kernel refuses to seal while a page of the file is referenced, and waits about 150 ms
/// itself: references by reclaim or migration of memory end soon.
enum { SEAL_ATTEMPTS_MAX = 20, SEAL_PAUSE_US = 10000 };

// Neither content nor seals can change afterwards: no container can overwrite the program through
// /proc/PID/exe (CVE-2019-5736).
static int seal(int file) {
    for (int attempt = 1;; attempt++) {
        if (fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
            return 0;
        if (errno != EBUSY || attempt == SEAL_ATTEMPTS_MAX)
            return -errno;
        usleep(SEAL_PAUSE_US);
    }
}

int csandbox_sealed_program(const void *bytes, size_t size) {
    int file = memfd_create("mayfly-spawner", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return -errno;
    int result = write_all(file, bytes, size);
    if (result == 0)
        result = seal(file);
    if (result < 0) {
        close(file);
        return result;
    }
    return file;
}

static int add_actions(posix_spawn_file_actions_t *actions, int socket) {
    // The socket is duplicated first: its own number may be 0, 1 or 3.
    int error = posix_spawn_file_actions_adddup2(actions, socket, 3);
    if (!error)
        error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    return error;
}

static int spawn_from(const char *name, int program, int socket, pid_t *pid) {
    char path[32];
    char *const arguments[] = {(char *)name, NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    snprintf(path, sizeof path, "/proc/self/fd/%d", program);
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        // The helper and its functions do not inherit signals that the gateway ignores (SIGPIPE).
        sigfillset(&defaults);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        error = add_actions(&actions, socket);
        if (!error)
            error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

pid_t csandbox_spawn(const char *name, int program, int socket) {
    pid_t pid = -1;
    // Descriptor 3 becomes the socket in the child, so the program must have another number when it
    // is executed.
    int copy = fcntl(program, F_DUPFD_CLOEXEC, 4);
    if (copy < 0)
        return -errno;
    int error = spawn_from(name, copy, socket, &pid);
    close(copy);
    return error ? -error : pid;
}

int csandbox_memory_file(const char *name) {
    int file = memfd_create(name, MFD_CLOEXEC);
    return file < 0 ? -errno : file;
}

void csandbox_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

_Bool csandbox_writes_in_place(int file) {
    struct statfs system;
    if (fstatfs(file, &system) < 0)
        return 0;
    // Not XFS: a copy of the file may share its blocks (reflink), and a write then needs another one.
    return system.f_type == EXT4_SUPER_MAGIC || system.f_type == TMPFS_MAGIC;
}
