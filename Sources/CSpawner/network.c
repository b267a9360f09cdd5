// SPDX-License-Identifier: Apache-2.0
// The slot's own network namespace: loopback, and nothing else.
#define _GNU_SOURCE
#include "slot.h"
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct failure loopback_up(void) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0)
        return check_errno(CSANDBOX_STEP_SLOT_LOOPBACK, -1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    struct failure failure =
        check_errno(CSANDBOX_STEP_SLOT_LOOPBACK, ioctl(socket_, SIOCSIFFLAGS, &request));
    close(socket_);
    return failure;
}
