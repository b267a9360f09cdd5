// SPDX-License-Identifier: Apache-2.0
// A static program for the inside of a sandbox: makes one raw system call and prints what the kernel said.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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
    static const char *const folders[] = {"/base/proc", "/base/dev", "/base/lower", "/base/layer"};
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
// probe inflight: leaves some thousand descriptors on their way between sockets that have no reader any more; the
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
// probe watch: watches and locks everything that can be reached, says so, and when its input ends prints what others did
// probe visit: opens everything that can be reached, and prints what of it another process has locked
enum { WATCHES_MAX = 1 << 16, KERNEL_LOCKS_MAX = 1000 };
static char *watched[WATCHES_MAX];
static int watcher = -1, kernel_locks;
static int is_kernels(const char *path) {
    return !strncmp(path, "/sys/", 5) || !strncmp(path, "/proc/", 6);
}
static int is_of_a_process(const char *path) {
    return !strncmp(path, "/proc/", 6) && path[6] >= '0' && path[6] <= '9';
}
static int is_locked_by_others(const char *path) {
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return 0;
    char byte;
    if (!is_kernels(path) && read(file, &byte, 1) < 0)
        errno = 0;
    struct flock whole = {.l_type = F_RDLCK};
    int is_locked = (flock(file, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) ||
                    (fcntl(file, F_OFD_SETLK, &whole) < 0 && errno == EAGAIN);
    // More files than can be open at once.
    if (watcher < 0 || (is_kernels(path) && kernel_locks++ > KERNEL_LOCKS_MAX))
        close(file);
    // What covers several places is locked by this process itself.
    return is_locked && watcher < 0;
}
static int visit(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)place;
    if (type == FTW_SL && strncmp(path, "/proc/self/ns/", 14))
        return 0;
    if (!is_of_a_process(path) && is_locked_by_others(path))
        printf("locked %s\n", path);
    if (watcher >= 0) {
        int number = inotify_add_watch(watcher, path, IN_ALL_EVENTS);
        if (number >= 0 && number < WATCHES_MAX)
            watched[number] = strdup(path);
    }
    return 0;
}
static void visit_all(void) {
    static const char *const spaces[] = {"cgroup", "ipc",  "mnt",  "net",
                                         "pid",    "time", "user", "uts"};
    nftw("/", visit, 64, FTW_PHYS);
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/ns/%s", spaces[i]);
        visit(path, NULL, FTW_SL, NULL);
    }
}
static long tell_events(int quiet) {
    static char bytes[1 << 16] __attribute__((aligned(8)));
    long count = 0;
    for (ssize_t size; (size = read(watcher, bytes, sizeof bytes)) > 0;)
        for (char *place = bytes; place < bytes + size;) {
            struct inotify_event *event = (void *)place;
            place += sizeof *event + event->len;
            if (quiet || event->wd < 0 || event->mask & (IN_IGNORED | IN_Q_OVERFLOW))
                continue;
            printf("saw %s %s\n", watched[event->wd], event->len ? event->name : "");
            count++;
        }
    return count;
}
static long watch_all(void) {
    struct rlimit all;
    getrlimit(RLIMIT_NOFILE, &all);
    all.rlim_cur = all.rlim_max;
    setrlimit(RLIMIT_NOFILE, &all);
    watcher = inotify_init1(IN_NONBLOCK);
    visit_all();
    tell_events(1);
    printf("ready\n");
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    return tell_events(0);
}
// probe hoard: takes all inotify instances and bytes of message queues that it is given, and keeps them until its input
// ends
static void hoard(void) {
    int instances = 0, queues = 0;
    for (; inotify_init() >= 0; instances++)
        ;
    for (char name[] = "q0"; name[1] < '0' + 64; name[1]++, queues++)
        if (syscall(SYS_mq_open, name, O_CREAT | O_RDWR, 0600, NULL) < 0)
            break;
    printf("%d %d\n", instances, queues);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
}
// probe label: leaves an IPv6 flow label that outlives its socket
static long label(void) {
    struct {
        struct in6_addr destination;
        uint32_t label;
        uint8_t action, share;
        uint16_t flags, expires, linger;
        uint32_t pad;
    } request = {.share = 1, .flags = 1, .expires = 60, .linger = 60};
    request.destination.s6_addr[15] = 1;
    return setsockopt(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, 32, &request, sizeof request);
}
// probe cycle NAME PATH: leaves a listening abstract socket and a locked file that are on their way between two sockets
// which are on their way themselves
static long cycle(const char *name, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int all[4] = {socket(AF_UNIX, SOCK_STREAM, 0), open(path, O_RDONLY)};
    strncpy(address.sun_path + 1, name, 90);
    if (bind(all[0], (void *)&address, 3 + strlen(name)) || listen(all[0], 1) ||
        flock(all[1], LOCK_EX | LOCK_NB) || socketpair(AF_UNIX, SOCK_DGRAM, 0, all + 2))
        return -1;
    char space[CMSG_SPACE(sizeof all)] = {0}, byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof all), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), all, sizeof all);
    return sendmsg(all[2], &message, 0);
}
// probe unread COUNT: so many connections over loopback, into which as much is written as goes; how many bytes
static long unread(int count) {
    static char bytes[1 << 16];
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (void *)&place, size) || listen(listener, 16) ||
        getsockname(listener, (void *)&place, &size))
        return -1;
    long total = 0;
    for (int i = 0; i < count; i++) {
        int end = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(end, (void *)&place, size) || accept(listener, NULL, NULL) < 0)
            return -1;
        fcntl(end, F_SETFL, O_NONBLOCK);
        // Receivers make room as they get more; a pause for that.
        for (int pauses = 0; pauses < 3;) {
            ssize_t sent = send(end, bytes, sizeof bytes, MSG_NOSIGNAL);
            if (sent > 0)
                total += sent;
            else {
                pauses++;
                usleep(1000);
            }
        }
    }
    errno = 0;
    return total;
}
// Sends a byte.
static long udp(const char *address, const char *port) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    inet_pton(AF_INET, address, &place.sin_addr);
    return sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void *)&place, sizeof place);
}
// What speaks for itself; 0 when it is something else.
static int speaks(const char *word) {
    if (!strcmp(word, "watch"))
        watch_all();
    else if (!strcmp(word, "hoard"))
        hoard();
    else if (!strcmp(word, "visit"))
        visit_all();
    else
        return 0;
    return 1;
}
static long leave(int argc, char **argv) {
    uint64_t hint = 3;
    if (!strcmp(argv[1], "label"))
        return label();
    if (argc > 3 && !strcmp(argv[1], "cycle"))
        return cycle(argv[2], argv[3]);
    if (argc > 3 && !strcmp(argv[1], "udp"))
        return udp(argv[2], argv[3]);
    if (argc > 2 && !strcmp(argv[1], "lock"))
        return flock(open(argv[2], O_RDONLY), LOCK_EX | LOCK_NB);
    if (argc > 2 && !strcmp(argv[1], "hint"))
        return fcntl(open(argv[2], O_RDONLY), F_SET_RW_HINT, &hint);
    return argc > 2 && !strcmp(argv[1], "unread") ? unread(atoi(argv[2])) : -1;
}
int main(int argc, char **argv) {
    long result = -1, a[6] = {0};
    errno = 0;
    if (argc > 1 && speaks(argv[1]))
        return 0;
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
    } else if (argc > 1) {
        result = leave(argc, argv);
    }
    printf("%ld %d\n", result, result < 0 || errno ? errno : 0);
    return 0;
}
