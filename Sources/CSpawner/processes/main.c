// SPDX-License-Identifier: Apache-2.0
// Entry of the program. The gateway of an ordinary user starts it as the supervisor; a gateway that starts as
// root starts it as the warden, whose children become supervisors.
#define _GNU_SOURCE
#include "csandbox_host.h"
#include "processes/process.h"
#include "processes/supervisor.h"
#include "processes/warden.h"
#include "sandbox/init.h"
#include "sys.h"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments, char **environment) {
    // Only a container's first process is PID 1 here: the spawner, which is one too, executes nothing.
    if (count > 1 && getpid() == 1 && !strcmp(arguments[0], INIT_NAME))
        return init_main(arguments, environment);
    SYS3(SYS_close_range, GATEWAY_SOCKET + 1, ~0U, 0);
    // A program in a container that could execute this file would have no gateway.
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(GATEWAY_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
        _exit(1);
    // The gateway's posix_spawn leaves it open on execve, for this program only: newuidmap and nft
    // do not inherit it.
    if (fcntl(GATEWAY_SOCKET, F_SETFD, FD_CLOEXEC) < 0)
        _exit(1);
    // A new session: Ctrl-C in the terminal then signals only the gateway, which ends its helpers
    // in order.
    setsid();
    struct supervisor_seed seed = {.ruleset = -1, .rootfs_folder = -1};
    // warden_main returns only in a child that is to become a supervisor.
    if (count > 0 && !strcmp(arguments[0], CSANDBOX_WARDEN_NAME))
        warden_main(arguments[0], &seed);
    supervisor_main(&seed);
}
