// SPDX-License-Identifier: Apache-2.0
// Sets up loopback in a new network namespace.
#define _GNU_SOURCE
#include "network/network.h"
#include "sys.h"
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// Raw calls only: sandboxes call it too, while they share the slot's memory.
struct failure loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    long end = SYS3(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    TRY(check(CSANDBOX_STEP_SLOT_LOOPBACK, end));
    long result = SYS3(SYS_ioctl, end, SIOCSIFFLAGS, &request);
    SYS1(SYS_close, end);
    return check(CSANDBOX_STEP_SLOT_LOOPBACK, result);
}
