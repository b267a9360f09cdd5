// SPDX-License-Identifier: Apache-2.0
// epoll(7), which Swift's Glibc module does not contain.
#pragma once
#include <stdint.h>

enum csandbox_readiness { CSANDBOX_READABLE = 1, CSANDBOX_WRITABLE = 2 };

struct csandbox_event {
    uint64_t token;
    /// Bits of csandbox_readiness. The end of the other side and an error count as readable and
    /// writable: the next call shows which it is.
    uint32_t readiness;
};

/// A new epoll descriptor, or -errno.
int csandbox_epoll_create(void);
/// Watches `descriptor` for `readiness` from now on, level-triggered. Returns 0 or -errno.
int csandbox_epoll_add(int epoll, int descriptor, uint32_t readiness, uint64_t token);
int csandbox_epoll_remove(int epoll, int descriptor);
/// Blocks until a descriptor is ready. Returns the number of events, at most `count`, or -errno.
int csandbox_epoll_wait(int epoll, struct csandbox_event *events, int count);

/// Creates a timerfd(2) on the monotonic clock, disarmed. Returns it or -errno. It is readable from
/// its expiration until it is cleared.
int csandbox_timer_create(void);
/// Arms the timer to expire once after `delay_ns`, more than 0; replaces an earlier time. Returns 0
/// or -errno.
int csandbox_timer_arm(int timer, int64_t delay_ns);
/// Clears an expiration; does not block.
void csandbox_timer_clear(int timer);
