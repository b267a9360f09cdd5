// SPDX-License-Identifier: Apache-2.0
// A worker's program that was taken over, for the tests of the warden.

import CSandbox
import Foundation

/// A static program that does what a parser taken over by an archive might do.
enum HostileWorker {
    static func compile(to path: String, secret: String) throws {
        let source = """
            #define _GNU_SOURCE
            #include <arpa/inet.h>
            #include <errno.h>
            #include <fcntl.h>
            #include <netinet/in.h>
            #include <signal.h>
            #include <stdio.h>
            #include <string.h>
            #include <sys/mount.h>
            #include <sys/socket.h>
            #include <sys/stat.h>
            #include <sys/sysmacros.h>
            #include <unistd.h>
            static char text[4096];
            static void tell(const char *what, int worked) {
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s: %s\\n", what, worked ? "ok" : "refused");
            }
            int main(void) {
                struct { unsigned kind, slot, step; int error; unsigned sandbox; } ready =
                    {\(CSANDBOX_WORK.rawValue), 0, 0, 0, 0};
                send(3, &ready, sizeof ready, 0);
                int file = openat(4, "inside", O_CREAT | O_WRONLY, 0644);
                tell("write inside", file >= 0);
                tell("chown inside", file >= 0 && fchown(file, 7, 8) == 0);
                tell("read a file of root", open("\(secret)", O_RDONLY) >= 0);
                openat(4, "../beside", O_CREAT | O_WRONLY, 0644);
                openat(4, "../../beside", O_CREAT | O_WRONLY, 0644);
                struct stat here, above;
                int climbed = fstatat(4, "..", &above, 0) == 0 && fstatat(4, ".", &here, 0) == 0 &&
                              above.st_ino != here.st_ino;
                tell("climb out", climbed);
                tell("device", mknodat(4, "sda", S_IFBLK | 0600, makedev(8, 0)) == 0);
                tell("mount in the host", mount("none", "/etc", "tmpfs", 0, NULL) == 0 && access("/etc/passwd", F_OK) == 0);
                tell("kill", kill(getppid(), 0) == 0 && getppid() > 0);
                struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(22)};
                inet_pton(AF_INET, "127.0.0.1", &place.sin_addr);
                int end = socket(AF_INET, SOCK_STREAM, 0);
                tell("network", connect(end, (void *)&place, sizeof place) == 0 || errno == ECONNREFUSED);
                tell("become root", open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0);
                send(3, text, strlen(text), 0);
                return 0;
            }
            """
        try source.write(toFile: path + ".c", atomically: true, encoding: .utf8)
        try Probe.build(path + ".c", to: path)
    }
}
