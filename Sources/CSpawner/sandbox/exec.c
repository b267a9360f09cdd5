// SPDX-License-Identifier: Apache-2.0
// The last steps of a sandbox: waits for arguments and environment, then executes the program. Processes that
// enter later execute in the same way.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/init.h"
#include "sandbox/sandbox.h"
#include <fcntl.h>
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

const char **sandbox_split(const struct command_strings *command) {
    size_t total = (size_t)command->argument_count + command->environment_count;
    if (command->size == 0 || command->argument_count == 0 || total > CSANDBOX_POINTERS_MAX ||
        command->strings[command->size - 1])
        return NULL;
    const char *place = command->strings;
    const char *end = command->strings + command->size;
    size_t filled = 0;
    for (size_t i = 0; i < total; i++) {
        if (place >= end)
            return NULL;
        if (i == command->argument_count)
            slot.pointers[filled++] = NULL;
        slot.pointers[filled++] = place;
        place += length(place) + 1;
    }
    if (command->environment_count == 0)
        slot.pointers[filled++] = NULL;
    slot.pointers[filled] = NULL;
    return &slot.pointers[command->argument_count + 1];
}

// Within the bounds of the packet; NULL when the message is not valid.
static const char **split_release(size_t size) {
    const struct csandbox_release *message = &slot.release_message;
    if (size <= offsetof(struct csandbox_release, strings) ||
        message->head.header.kind != CSANDBOX_RELEASE)
        return NULL;
    const struct command_strings command = {
        .strings = message->strings,
        .size = size - offsetof(struct csandbox_release, strings),
        .argument_count = message->head.argument_count,
        .environment_count = message->head.environment_count,
    };
    return sandbox_split(&command);
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
// (CVE-2019-5736). A clear refusal for mistakes: a running container can exchange the path between the
// check and execve, and then gets nothing either, because this program is a sealed memory file.
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

long sandbox_execute(const char **environment) {
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

// The init gets the command behind its own name; the descriptor of its program closes with the call.
static long execute_init(void) {
    size_t count = slot.release_message.head.argument_count;
    count += slot.release_message.head.environment_count + 2;
    for (size_t i = count; i > 0; i--)
        slot.pointers[i] = slot.pointers[i - 1];
    slot.pointers[0] = INIT_NAME;
    const char **environment = &slot.pointers[slot.release_message.head.argument_count + 2];
    slot.exec_at_ns = sandbox_now_ns();
    return SYS5(SYS_execveat, SANDBOX_INIT_DESCRIPTOR, "", slot.pointers, environment,
                AT_EMPTY_PATH);
}

struct failure sandbox_wait_and_execute(void) {
    long size = SYS3(SYS_read, 3, &slot.release_message, sizeof slot.release_message);
    TRY(check(CSANDBOX_STEP_SANDBOX_RELEASE, size));
    // The gateway has closed the socket: this sandbox is not needed.
    if (size == 0)
        return (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, ECANCELED};
    slot.stage = STAGE_RELEASED;
    SYS1(SYS_close, 3);
    const char **environment = split_release((size_t)size);
    if (!environment)
        return (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, EINVAL};
    // Not with a terminal, which belongs to one sandbox. Never set to false here: the slot may have
    // read an assignment in the meantime that set it.
    if (slot.release_message.head.prepares_next && !(slot.plan.flags & CSANDBOX_SLOT_TERMINAL))
        slot.prepares_next = true;
    TRY(sandbox_leave_empty_network());
    bool has_init = slot.plan.flags & CSANDBOX_SLOT_INIT;
    return check(CSANDBOX_STEP_SANDBOX_EXEC,
                 has_init ? execute_init() : sandbox_execute(environment));
}
