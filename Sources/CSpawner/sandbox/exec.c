// SPDX-License-Identifier: Apache-2.0
// The last steps of a sandbox: waits for arguments and environment, then executes the program.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/sandbox.h"
#include <stddef.h>
#include <time.h>

/// Longest path of a program that is looked for in PATH, with its NUL.
enum { CANDIDATE_BYTES = 4096 };

// The default where PATH is not set, as in Docker.
static const char default_path[] =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static size_t length(const char *text) {
    size_t size = 0;
    while (text[size])
        size++;
    return size;
}

// Splits the strings into argv and environ, each with its NULL, within the bounds of the packet.
// Returns environ; NULL when the message is not valid.
static const char **split(size_t size) {
    const struct csandbox_release *message = &slot.release_message;
    const struct csandbox_release_head *head = &message->head;
    size_t total = (size_t)head->argument_count + head->environment_count;
    if (size <= offsetof(struct csandbox_release, strings) ||
        head->header.kind != CSANDBOX_RELEASE || head->argument_count == 0 ||
        total > CSANDBOX_POINTERS_MAX ||
        message->strings[size - 1 - offsetof(struct csandbox_release, strings)])
        return NULL;
    const char *place = message->strings;
    const char *end = (const char *)message + size;
    size_t filled = 0;
    for (size_t i = 0; i < total; i++) {
        if (place >= end)
            return NULL;
        if (i == head->argument_count)
            slot.pointers[filled++] = NULL;
        slot.pointers[filled++] = place;
        place += length(place) + 1;
    }
    if (head->environment_count == 0)
        slot.pointers[filled++] = NULL;
    slot.pointers[filled] = NULL;
    return &slot.pointers[head->argument_count + 1];
}

static const char *search_path(const char **environment) {
    for (; *environment; environment++)
        if ((*environment)[0] == 'P' && (*environment)[1] == 'A' && (*environment)[2] == 'T' &&
            (*environment)[3] == 'H' && (*environment)[4] == '=')
            return *environment + 5;
    return default_path + 5;
}

int64_t sandbox_now_ns(void) {
    struct timespec now;
    SYS2(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// A magic link such as /proc/self/exe would name this program instead of a file of the image
// (CVE-2019-5736).
static long execute(const char *path, const char **environment) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    long file = SYS4(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (file < 0)
        return file == -ELOOP ? -EACCES : file;
    SYS1(SYS_close, file);
    slot.exec_at_ns = sandbox_now_ns();
    long result = SYS3(SYS_execve, path, slot.pointers, environment);
    if (result == -ENOENT)
        sandbox_find_missing_interpreter(path);
    return result;
}

static size_t join(char *candidate, const char *folder, size_t folder_size, const char *name) {
    size_t name_size = length(name);
    if (folder_size + name_size + 2 > CANDIDATE_BYTES)
        return 0;
    size_t size = 0;
    for (; size < folder_size; size++)
        candidate[size] = folder[size];
    if (folder_size > 0)
        candidate[size++] = '/';
    for (size_t i = 0; i <= name_size; i++)
        candidate[size++] = name[i];
    return size;
}

static bool has_slash(const char *text) {
    for (; *text; text++)
        if (*text == '/')
            return true;
    return false;
}

// Like execvp(3): executes the first file that can be; EACCES has precedence over ENOENT.
static long execute_from_path(const char **environment) {
    if (has_slash(slot.pointers[0]))
        return execute(slot.pointers[0], environment);
    char candidate[CANDIDATE_BYTES];
    long result = -ENOENT;
    for (const char *folder = search_path(environment);;) {
        size_t size = 0;
        while (folder[size] && folder[size] != ':')
            size++;
        if (join(candidate, folder, size, slot.pointers[0]) > 0) {
            long error = execute(candidate, environment);
            if (error != -ENOENT && error != -ENOTDIR)
                result = error;
        }
        if (!folder[size])
            return result;
        folder += size + 1;
    }
}

struct failure sandbox_wait_and_execute(void) {
    long size = SYS3(SYS_read, 3, &slot.release_message, sizeof slot.release_message);
    TRY(check(CSANDBOX_STEP_SANDBOX_RELEASE, size));
    // The gateway has closed the socket: this sandbox is not needed.
    if (size == 0)
        return (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, ECANCELED};
    slot.stage = STAGE_RELEASED;
    SYS1(SYS_close, 3);
    const char **environment = split((size_t)size);
    if (!environment)
        return (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, EINVAL};
    // Not with a terminal, which belongs to one sandbox. Never set to false here: the slot may have
    // read an assignment in the meantime that set it.
    if (slot.release_message.head.prepares_next && !(slot.plan.flags & CSANDBOX_SLOT_TERMINAL))
        slot.prepares_next = true;
    TRY(sandbox_leave_empty_network());
    return check(CSANDBOX_STEP_SANDBOX_EXEC, execute_from_path(environment));
}
