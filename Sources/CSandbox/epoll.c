// SPDX-License-Identifier: Apache-2.0
// epoll(7) and timerfd(2) for the reactor of Sandbox.
#include "csandbox_epoll.h"
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/// Events taken from the kernel at once.
enum { BATCH = 64 };

static uint32_t to_kernel(uint32_t readiness) {
    return (readiness & CSANDBOX_READABLE ? EPOLLIN : 0) |
           (readiness & CSANDBOX_WRITABLE ? EPOLLOUT : 0);
}

static uint32_t from_kernel(uint32_t events) {
    uint32_t readiness = events & EPOLLIN ? CSANDBOX_READABLE : 0;
    if (events & EPOLLOUT)
        readiness |= CSANDBOX_WRITABLE;
    if (events & (EPOLLHUP | EPOLLERR))
        readiness |= CSANDBOX_READABLE | CSANDBOX_WRITABLE;
    return readiness;
}

static int control(int epoll, int operation, int descriptor, uint32_t readiness, uint64_t token) {
    struct epoll_event event = {.events = to_kernel(readiness), .data.u64 = token};
    return epoll_ctl(epoll, operation, descriptor, &event) < 0 ? -errno : 0;
}

int csandbox_epoll_create(void) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    return epoll < 0 ? -errno : epoll;
}

int csandbox_epoll_add(int epoll, int descriptor, uint32_t readiness, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, readiness, token);
}

int csandbox_epoll_remove(int epoll, int descriptor) {
    return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int csandbox_epoll_wait(int epoll, struct csandbox_event *events, int count) {
    struct epoll_event ready[BATCH];
    int got = epoll_wait(epoll, ready, count < BATCH ? count : BATCH, -1);
    for (int i = 0; i < got; i++)
        events[i] = (struct csandbox_event){.token = ready[i].data.u64,
                                            .readiness = from_kernel(ready[i].events)};
    return got < 0 ? -errno : got;
}

int csandbox_timer_create(void) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return timer < 0 ? -errno : timer;
}

int csandbox_timer_arm(int timer, int64_t delay_ns) {
    struct itimerspec when = {
        .it_value = {.tv_sec = delay_ns / 1000000000, .tv_nsec = delay_ns % 1000000000}};
    return timerfd_settime(timer, 0, &when, NULL) < 0 ? -errno : 0;
}

void csandbox_timer_clear(int timer) {
    uint64_t times;
    ssize_t size = read(timer, &times, sizeof times);
    (void)size;
}
