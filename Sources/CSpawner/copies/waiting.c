// SPDX-License-Identifier: Apache-2.0
// Whether a starting template waits for its request. It is not asked: a connection would be its request.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/// The table of a network namespace with a few sockets.
enum { TABLE_BYTES = 8192 };
/// TCP_LISTEN, as the table has it.
#define LISTENING "0A"

static const long polling_calls[] = {
#if defined(__x86_64__)
    SYS_poll,  SYS_select,   SYS_epoll_wait,
#endif
    SYS_ppoll, SYS_pselect6, SYS_epoll_pwait};
static const long accepting_calls[] = {SYS_accept, SYS_accept4};
static const long reading_calls[] = {SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg};

#define IS_ONE_OF(calls, number) is_one_of(calls, sizeof calls / sizeof calls[0], number)

static bool is_one_of(const long *calls, size_t count, long number) {
    for (size_t i = 0; i < count; i++)
        if (calls[i] == number)
            return true;
    return false;
}

bool waits_in_epoll(long number) {
#if defined(__x86_64__)
    if (number == SYS_epoll_wait)
        return true;
#endif
    return number == SYS_epoll_pwait;
}

bool waits_in(long number) {
    if (template.port != 0)
        return IS_ONE_OF(polling_calls, number) || IS_ONE_OF(accepting_calls, number);
    if (template.runtime_port != 0)
        return IS_ONE_OF(polling_calls, number) || IS_ONE_OF(reading_calls, number);
    return number == SYS_read;
}

// Before execve it reads its release message, from another file.
static bool is_request(unsigned long descriptor) {
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "%d/fd/%lu", template.process, descriptor);
    return fstatat(slot.proc, path, &status, 0) == 0 && S_ISFIFO(status.st_mode) &&
           status.st_ino == template.pipes[0];
}

// A line: number, local address and port, remote address and port, state; all hexadecimal.
static bool is_listening(const char *table) {
    char text[TABLE_BYTES], state[3];
    unsigned port;
    if (facts_read(template.process, table, text, sizeof text) <= 0)
        return false;
    for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n'))
        if (sscanf(line + 1, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %2s", &port, state) == 2 &&
            port == template.port && !strcmp(state, LISTENING))
            return true;
    return false;
}

bool template_is_waiting(void) {
    char text[256];
    long number;
    unsigned long first;
    if (facts_read(template.process, "syscall", text, sizeof text) <= 0 ||
        sscanf(text, "%ld 0x%lx", &number, &first) != 2 || !waits_in(number))
        return false;
    if (template.runtime_port != 0)
        return runtime_has_asked();
    if (template.port == 0)
        return is_request(first);
    return is_listening("net/tcp") || is_listening("net/tcp6");
}
