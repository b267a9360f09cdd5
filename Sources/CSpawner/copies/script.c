// SPDX-License-Identifier: Apache-2.0
// What a copy does before it continues as the program, as a list of calls with all addresses resolved. The copy
// has every capability over its own new namespaces until it has given them up here; no instruction of the
// program runs before that.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
/// Connections that may wait at a listening socket of a copy, which serves one.
enum { LISTEN_BACKLOG = 128 };

static uint64_t word(int place) { return template.pages + (uint64_t)place; }

static struct call *add(int64_t number, uint64_t first, uint64_t second, uint64_t third) {
    template.written.is_full |= template.written.calls == CALLS_MAX;
    struct call *call = template.written.is_full ? &template.written.surplus
                                                 : &template.script.calls[template.written.calls++];
    *call = (struct call){number, {(int64_t)first, (int64_t)second, (int64_t)third, 0, 0}, 0, 0, 0};
    return call;
}

// A call whose first argument is a descriptor from an earlier call.
static struct call *add_on(int64_t number, int place, uint64_t second, uint64_t third) {
    struct call *call = add(number, word(place), second, third);
    call->loads = 1;
    return call;
}

// A call that makes a descriptor; `place` is where its number is kept.
static void add_opening(int64_t number, uint64_t first, uint64_t second, uint64_t third,
                        int place) {
    add(number, first, second, third)->result = word(place);
}

// The address at which the copy finds these bytes.
static uint64_t put(const void *bytes, size_t size) {
    size_t place = (template.written.text + 7) & ~(size_t)7;
    template.written.is_full |= place + size > sizeof template.script.text;
    if (template.written.is_full)
        return 0;
    memcpy(template.script.text + place, bytes, size);
    template.written.text = place + size;
    return template.pages + PAGE_BYTES + offsetof(struct script, text) + place;
}

// The word with the program's end of a stream, and that with the gateway's: a pipe's reading end
// comes first.
static int own_end(int stream) { return WORD_PIPES + 8 * stream + (stream == 0 ? 0 : 4); }
static int far_end(int stream) { return WORD_PIPES + 8 * stream + (stream == 0 ? 4 : 0); }

static void add_streams(void) {
    for (int i = 0; i < 3; i++)
        add(SYS_pipe2, word(WORD_PIPES + 8 * i), O_CLOEXEC, 0);
    for (int i = 0; i < 3; i++)
        add_on(SYS_dup3, own_end(i), (uint64_t)i, 0);
}

static void add_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    add_opening(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, WORD_NEW);
    add_on(SYS_ioctl, WORD_NEW, SIOCSIFFLAGS, put(&request, sizeof request));
    add_on(SYS_close, WORD_NEW, 0, 0);
}

// Entering one's own mount namespace leads to its topmost root, which the slot has put there.
static void add_root(void) {
    add_opening(SYS_pidfd_open, 1, 0, 0, WORD_NEW);
    add_on(SYS_setns, WORD_NEW, CLONE_NEWNS, 0);
    add_on(SYS_close, WORD_NEW, 0, 0);
}

static void add_options(const struct template_descriptor *found) {
    int one = 1;
    uint64_t value = put(&one, sizeof one);
    for (int i = 0; i < LISTENER_OPTIONS; i++) {
        if (!(found->options >> i & 1))
            continue;
        struct call *call = add_on(SYS_setsockopt, WORD_NEW, (uint64_t)listener_options[i].level,
                                   (uint64_t)listener_options[i].name);
        call->arguments[3] = (int64_t)value;
        call->arguments[4] = sizeof one;
    }
}

// The slot cannot read how many connections may wait there.
static void add_listener(const struct template_descriptor *found) {
    int type = SOCK_STREAM | SOCK_CLOEXEC | (found->flags & O_NONBLOCK ? SOCK_NONBLOCK : 0);
    add_opening(SYS_socket, found->address.ss_family, (uint64_t)type, 0, WORD_NEW);
    add_options(found);
    add_on(SYS_bind, WORD_NEW, put(&found->address, found->address_size), found->address_size);
    add_on(SYS_listen, WORD_NEW, LISTEN_BACKLOG, 0);
    add_on(SYS_dup3, WORD_NEW, (uint64_t)found->number, (uint64_t)(found->flags & O_CLOEXEC));
    add_on(SYS_close, WORD_NEW, 0, 0);
}

// What was made at `place` gets the number and the flags of the template's.
static void add_move(int place, const struct template_descriptor *found) {
    add_on(SYS_dup3, place, (uint64_t)found->number, (uint64_t)(found->flags & O_CLOEXEC));
    add_on(SYS_close, place, 0, 0);
    if (found->flags & O_NONBLOCK)
        add(SYS_fcntl, (uint64_t)found->number, F_SETFL, O_RDWR | O_NONBLOCK);
}

// The slot takes the listening socket for the gateway. The copy connects to it and asks as the template
// did; both wait there.
static void add_runtime(const struct template_descriptor *found) {
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_port = htons(template.runtime_port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
    uint64_t address = put(&place, sizeof place);
    add_opening(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, WORD_LISTENER);
    add_on(SYS_bind, WORD_LISTENER, address, sizeof place);
    add_on(SYS_listen, WORD_LISTENER, RUNTIME_CONNECTIONS_MAX, 0);
    add_opening(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0, WORD_NEW);
    add_options(found);
    add_on(SYS_connect, WORD_NEW, address, sizeof place);
    add_on(SYS_write, WORD_NEW, put(template.runtime_request, template.runtime_request_size),
           template.runtime_request_size);
    add_move(WORD_NEW, found);
}

// Made at the first of the two, in two words.
static void add_pair(const struct template_descriptor *found) {
    if (found->number > found->other)
        return;
    add(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)->arguments[3] =
        (int64_t)word(WORD_NEW);
    add_move(WORD_NEW, found);
    for (uint32_t i = 0; i < template.descriptor_count; i++)
        if (template.descriptors[i].number == found->other)
            add_move(WORD_NEW + 4, &template.descriptors[i]);
}

// After all that it watches.
static void add_epoll(const struct template_descriptor *found) {
    add_opening(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, WORD_NEW);
    for (uint32_t i = 0; i < template.watch_count; i++) {
        const struct template_watch *watch = &template.watches[i];
        struct epoll_event event = {.events = watch->events, .data.u64 = watch->data};
        if (watch->set == found->number)
            add_on(SYS_epoll_ctl, WORD_NEW, EPOLL_CTL_ADD, (uint64_t)watch->number)->arguments[3] =
                (int64_t)put(&event, sizeof event);
    }
    add_on(SYS_dup3, WORD_NEW, (uint64_t)found->number, (uint64_t)(found->flags & O_CLOEXEC));
    add_on(SYS_close, WORD_NEW, 0, 0);
}

static void add_file(const struct template_descriptor *found) {
    uint64_t closes = (uint64_t)(found->flags & O_CLOEXEC);
    uint64_t flags = (uint64_t)(found->flags & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC | O_NOFOLLOW;
    uint64_t path = put(found->path, strlen(found->path) + 1);
    add_opening(SYS_open, path, flags, 0, WORD_NEW);
    if (found->position > 0)
        add_on(SYS_lseek, WORD_NEW, (uint64_t)found->position, SEEK_SET);
    add_on(SYS_dup3, WORD_NEW, (uint64_t)found->number, closes);
    add_on(SYS_close, WORD_NEW, 0, 0);
}

static void add_descriptor(const struct template_descriptor *found) {
    switch (found->kind) {
    case DESCRIPTOR_STREAM:
        add_on(SYS_dup3, own_end(found->other), (uint64_t)found->number,
               (uint64_t)(found->flags & O_CLOEXEC));
        return;
    case DESCRIPTOR_LISTENER:
        add_listener(found);
        return;
    case DESCRIPTOR_RUNTIME:
        add_runtime(found);
        return;
    case DESCRIPTOR_PAIR:
        add_pair(found);
        return;
    case DESCRIPTOR_FILE:
        add_file(found);
        return;
    case DESCRIPTOR_EPOLL:
        return;
    }
}

static void add_descriptors(void) {
    for (uint32_t i = 0; i < template.descriptor_count; i++)
        add_descriptor(&template.descriptors[i]);
    for (uint32_t i = 0; i < template.descriptor_count; i++)
        if (template.descriptors[i].kind == DESCRIPTOR_EPOLL)
            add_epoll(&template.descriptors[i]);
}

// The kernel gives every capability over a new user namespace, and default securebits.
static void add_end_of_privileges(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    add(SYS_prctl, PR_SET_SECUREBITS,
        SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
            SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS_LOCKED,
        0);
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
        add(SYS_prctl, PR_CAPBSET_DROP, (uint64_t)capability, 0);
    uint64_t address = put(&header, sizeof header);
    add(SYS_capset, address, put(none, sizeof none), 0);
}

// The C library keeps the thread id in a word, which the clone sets. One that registers another
// address for the end of the thread gets that again.
static void add_thread(uint64_t robust_list) {
    if (template.tid_registered)
        add(SYS_set_tid_address, template.tid_registered, 0, 0);
    if (robust_list)
        add(SYS_set_robust_list, robust_list, 24, 0);
}

// Until the slot has taken its ends, both are here; afterwards one only, as in any program. So is the
// listening socket of the Runtime API.
static void add_finish(void) {
    add(CALL_STOP, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        add_on(SYS_close, own_end(i), 0, 0);
        add_on(SYS_close, far_end(i), 0, 0);
    }
    if (template.runtime_port != 0)
        add_on(SYS_close, WORD_LISTENER, 0, 0);
    add(CALL_FINISH, 0, 0, 0);
}

struct failure script_write(const char *directory, uint64_t robust_list) {
    memset(&template.written, 0, sizeof template.written);
    add(SYS_setsid, 0, 0, 0);
    add_streams();
    add_loopback();
    add_root();
    add_thread(robust_list);
    add_end_of_privileges();
    // After that: the program chose these names, and may open no more than it could itself.
    add(SYS_chdir, put(directory, strlen(directory) + 1), 0, 0);
    add_descriptors();
    // Last, because a change of privileges may clear it.
    add(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
    add_finish();
    return template.written.is_full ? (struct failure){CSANDBOX_STEP_TEMPLATE_CODE, E2BIG}
                                    : success();
}
#endif
