// SPDX-License-Identifier: Apache-2.0
// Where this program begins. An ordinary user's gateway starts it as the supervisor; a gateway that begins as root
// starts it as the warden, whose children become supervisors.
#define _GNU_SOURCE
#include "csandbox_host.h"
#include "processes/process.h"
#include "processes/supervisor.h"
#include "processes/warden.h"
#include "sys.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments) {
    SYS3(SYS_close_range, GATEWAY_SOCKET + 1, ~0U, 0);
    // A container that managed to execute this program has no gateway.
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(GATEWAY_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
        _exit(1);
    // A session of its own: Ctrl-C in the terminal reaches the gateway alone, which ends its
    // helpers in order.
    setsid();
    struct supervisor_seed seed = {.ruleset = -1, .rootfs_folder = -1};
    // Returns in a child only.
    if (count > 0 && !strcmp(arguments[0], CSANDBOX_WARDEN_NAME))
        warden_main(arguments[0], &seed);
    supervisor_main(&seed);
}
