// SPDX-License-Identifier: Apache-2.0
// A static program for the inside of a sandbox: makes one raw system call and prints what the kernel said.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>
// probe call NUMBER [ARGUMENT...]   probe abstract NAME   probe open PATH   probe flood
// probe mark PATH: an extended attribute   probe flag PATH: not to be dumped
// probe tcp ADDRESS PORT: at most one second
static long tcp(const char *address, const char *port) {
    struct timeval second = {.tv_sec = 1};
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    int end = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, address, &place.sin_addr);
    setsockopt(end, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    return connect(end, (void *)&place, sizeof place);
}
// probe scan SHIFTED: how often a text is in this process's memory; each letter is given as the next one, so that the
// question itself is not found
static long scan(const char *shifted) {
    static char text[64], bytes[1 << 16], line[512];
    size_t length = strlen(shifted), found = 0;
    for (size_t i = 0; i < length && i < sizeof text - 1; i++)
        text[i] = shifted[i] - 1;
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx r", &from, &to) != 2)
            continue;
        for (; from < to; from += sizeof bytes - length) {
            ssize_t size = pread(memory, bytes, sizeof bytes, (off_t)from);
            for (char *place = bytes; size > 0; place++, found++) {
                place = memmem(place, (size_t)(bytes + size - place), text, length);
                // Where it was put together does not count, nor where it was read to.
                if (!place)
                    break;
                unsigned long address = from + (unsigned long)(place - bytes);
                if (address == (unsigned long)text ||
                    (address >= (unsigned long)bytes &&
                     address < (unsigned long)bytes + sizeof bytes))
                    found--;
            }
        }
    }
    return (long)found;
}
static long entries(const char *folder) {
    DIR *open = opendir(folder);
    long count = open ? 0 : -1;
    while (open && readdir(open))
        count++;
    return count;
}
// probe beneath NAMESPACE, on the host: takes the root off a mount namespace, and counts what is in the folders
// that it was made from
static long beneath(const char *namespace) {
    static const char *const folders[] = {"/base/proc", "/base/dev", "/base/lower", "/base/w"};
    int mounts = open(namespace, O_RDONLY | O_CLOEXEC);
    if (setns(mounts, CLONE_NEWNS) || umount2("/", MNT_DETACH) || setns(mounts, CLONE_NEWNS))
        return -1;
    long found = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        long count = entries(folders[i]);
        if (count < 0)
            return -1;
        // Besides itself and the one around it.
        found += count - 2;
    }
    return found;
}
// probe circle: leaves a message queue, then makes and removes others until the next one has the number that the first
// one here had
static long circle(void) {
    int first = msgget(IPC_PRIVATE, 0600);
    msgctl(first, IPC_RMID, NULL);
    msgget(IPC_PRIVATE, 0600);
    // Indexes below the bound of one go, times what an int leaves for the rounds.
    for (long made = 1; made < 64L << 17; made++) {
        int queue = msgget(IPC_PRIVATE, 0600);
        msgctl(queue, IPC_RMID, NULL);
        if (queue == first - 1)
            return 0;
    }
    return -1;
}
// probe inflight: leaves some thousand descriptors on their way between sockets that nobody can read any more; the
// kernel finds that out some time after this program has ended
static long inflight(void) {
    enum { EACH = 253 };
    struct rlimit all;
    getrlimit(RLIMIT_NOFILE, &all);
    all.rlim_cur = all.rlim_max;
    setrlimit(RLIMIT_NOFILE, &all);
    long sent = 0;
    for (int pair[2]; sent < 20 * EACH && socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0;
         sent += EACH) {
        static char space[CMSG_SPACE(sizeof(int) * EACH)];
        char byte = 0;
        struct iovec part = {&byte, 1};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = space,
                                 .msg_controllen = sizeof space};
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int) * EACH),
                                   .cmsg_level = SOL_SOCKET,
                                   .cmsg_type = SCM_RIGHTS};
        for (int i = 0; i < EACH; i++)
            memcpy(CMSG_DATA(header) + i * sizeof(int), &pair[1], sizeof(int));
        if (sendmsg(pair[0], &message, 0) < 0)
            break;
    }
    errno = 0;
    return sent;
}
int main(int argc, char **argv) {
    long result = -1, a[6] = {0};
    errno = 0;
    if (argc > 2 && !strcmp(argv[1], "call")) {
        for (int i = 3; i < argc && i < 9; i++)
            a[i - 3] = strtoll(argv[i], 0, 0);
        result = syscall(strtol(argv[2], 0, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
    } else if (argc > 2 && !strcmp(argv[1], "abstract")) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path + 1, argv[2], 90);
        result = connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, 3 + strlen(argv[2]));
    } else if (argc > 3 && !strcmp(argv[1], "tcp")) {
        result = tcp(argv[2], argv[3]);
    } else if (argc > 2 && !strcmp(argv[1], "open")) {
        result = open(argv[2], O_RDWR);
    } else if (argc > 2 && !strcmp(argv[1], "scan")) {
        result = scan(argv[2]);
    } else if (argc > 2 && !strcmp(argv[1], "mark")) {
        result = setxattr(argv[2], "user.mark", "1", 1, 0);
    } else if (argc > 2 && !strcmp(argv[1], "flag")) {
        int flags = FS_NODUMP_FL;
        result = ioctl(open(argv[2], O_RDONLY), FS_IOC_SETFLAGS, &flags);
    } else if (argc > 2 && !strcmp(argv[1], "beneath")) {
        result = beneath(argv[2]);
    } else if (argc > 1 && !strcmp(argv[1], "circle")) {
        result = circle();
    } else if (argc > 1 && !strcmp(argv[1], "inflight")) {
        result = inflight();
    } else if (argc > 1 && !strcmp(argv[1], "flood")) {
        for (result = 0; open("/dev/null", O_RDONLY) >= 0; result++)
            ;
    }
    printf("%ld %d\n", result, result < 0 || errno ? errno : 0);
    return 0;
}
