// SPDX-License-Identifier: Apache-2.0
// A program for the tests of templates: template MODE... It prepares what the modes name, waits for its request
// on stdin, and answers the words of the request, one line each.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "refused_modes.h"
#include "waiting_modes.h"

static int input; // the descriptor that the request is read from
static int opened = -1;

// ---------------------------------------------------------------- modes that can be copied

static void nothing(void) {}
static void an_open_file(void) {
    opened = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
    lseek(opened, 4, SEEK_SET);
}
static void a_duplicate(void) { input = fcntl(0, F_DUPFD, 9); }
static void own_files(void) {
    if (mkdir("/tmp/work", 0700) || chdir("/tmp/work"))
        exit(7);
    close(open("mark", O_WRONLY | O_CREAT, 0600));
}
// Of the image: a folder removed, one made again with another content, a file removed.
static void changed_folders(void) {
    if (rmdir("/home") || rmdir("/var/openfaas/secrets") || rmdir("/var/openfaas") || rmdir("/var"))
        exit(7);
    if (mkdir("/var", 0755) || unlink("/etc/hostname"))
        exit(7);
    close(open("/var/template", O_WRONLY | O_CREAT, 0600));
    close(open("/made", O_WRONLY | O_CREAT, 0600));
}
// Serves a request without reading from it: answers with the line of ids.
static void a_server(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = 0x401f}; // 8000
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&place, sizeof place) || listen(listener, 5))
        exit(7);
    printf("serving\n");
    fflush(stdout);
    static int served;
    int connection = accept(listener, NULL, NULL);
    char byte;
    // Its end must not come before the caller has said that the sandbox is in use.
    if (read(connection, &byte, 1) == 1)
        dprintf(connection, "pid %d served %d\n", getpid(), ++served);
    exit(0);
}
static void blocked_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
}
static void undumpable(void) { prctl(PR_SET_DUMPABLE, 0); }
static void locked_memory(void) { mlockall(MCL_CURRENT); }
static void much_memory(void) {
    static char bytes[40 << 20];
    memset(bytes, 1, sizeof bytes);
}

#define OPENS(name, call)                                                                          \
    static void name(void) {                                                                       \
        if ((call) < 0)                                                                            \
            exit(7);                                                                               \
    }
OPENS(an_eventfd, eventfd(0, 0))
OPENS(an_inotify, inotify_init())
OPENS(a_timerfd, timerfd_create(CLOCK_MONOTONIC, 0))
OPENS(a_socket, socket(AF_UNIX, SOCK_STREAM, 0))
OPENS(a_folder, open("/etc", O_RDONLY | O_DIRECTORY))
OPENS(a_path, open("/etc/hosts", O_PATH))
OPENS(a_writer, open("/tmp/log", O_WRONLY | O_CREAT, 0600))

static const struct {
    const char *name;
    void (*prepare)(void);
} modes[] = {
    {"thread", a_thread},
    {"child", a_child},
    {"zombie", a_zombie},
    {"orphan", an_orphan},
    {"vm", a_vfork_sibling},
    {"filter", a_filter},
    {"stdout", a_foreign_stdout},
    {"closed", a_closed_stream},
    {"pipe", a_pipe},
    {"lock", a_lock},
    {"anonymous", shared_anonymous},
    {"memfd", shared_memfd},
    {"segment", shared_segment},
    {"dontfork", not_forked},
    {"timer", a_timer},
    {"output", an_output},
    {"mappings", many_mappings},
    {"end", an_end},
    {"sleep", a_sleep},
    {"deleted", a_deleted_file},
    {"renamed", a_renamed_file},
    {"files", many_files},
    {"cwd", deleted_folder},
    {"loop", a_loop},
    {"loopserver", a_loop_server},
    {"client", a_client},
    {"reporter", a_reporting_client},
    {"lost", a_lost_client},
    {"filledpair", a_filled_pair},
    {"halfpair", half_a_pair},
    {"closedwatch", a_closed_watch},
    {"nested", a_nested_set},
    {"prepared", prepared_thread},
    {"eventfd", an_eventfd},
    {"inotify", an_inotify},
    {"timerfd", a_timerfd},
    {"socket", a_socket},
    {"folder", a_folder},
    {"path", a_path},
    {"writer", a_writer},
    {"plain", nothing},
    {"server", a_server},
    {"file", an_open_file},
    {"duplicate", a_duplicate},
    {"own", own_files},
    {"changed", changed_folders},
    {"signals", blocked_signals},
    {"undumpable", undumpable},
    {"locked", locked_memory},
    {"memory", much_memory},
};

// ---------------------------------------------------------------- answers

static void show_file(const char *path, const char *const *keys) {
    FILE *file = fopen(path, "r");
    char line[512];
    while (file && fgets(line, sizeof line, file))
        for (const char *const *key = keys; *key; key++)
            if (!strncmp(line, *key, strlen(*key)))
                fputs(line, stdout);
    if (file)
        fclose(file);
}
static void show_status(void) {
    static const char *const keys[] = {
        "Cap", "NoNewPrivs", "Seccomp_filters", "TracerPid", "Threads", "Uid", NULL};
    show_file("/proc/self/status", keys);
}
static void show_folder(const char *path) {
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    printf("%s:", path);
    for (int i = 0; i < count; i++)
        if (names[i]->d_name[0] != '.')
            printf(" %s", names[i]->d_name);
    printf("\n");
}
static void show_ids(void) {
    printf("pid %d ppid %d tid %ld sid %d\n", getpid(), getppid(), syscall(SYS_gettid), getsid(0));
}
static void show_descriptors(void) {
    printf("descriptors:");
    for (int i = 0; i < 64; i++)
        if (fcntl(i, F_GETFD) >= 0)
            printf(" %d", i);
    printf("\n");
}
static void show_refusals(void) {
    printf("mount %d", mount("x", "/tmp", "tmpfs", 0, NULL) ? errno : 0);
    printf(" umount %d", umount2("/", MNT_DETACH) ? errno : 0);
    printf(" chroot %d", chroot("/tmp") ? errno : 0);
    printf(" unshare %d", unshare(CLONE_NEWUSER) ? errno : 0);
    printf(" hostname %d", sethostname("x", 1) ? errno : 0);
    printf(" parent %d", syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) < 0 ? errno : 0);
    printf(" setuid %d\n", setresuid(0, 1, 2) ? errno : 0);
}
static void show_network(void) {
    int end = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_storage place;
    socklen_t size = sizeof place;
    struct sockaddr own = {.sa_family = AF_INET, .sa_data = {0, 0, 127, 0, 0, 1}};
    bind(end, &own, sizeof own);
    getsockname(end, (void *)&place, &size);
    char byte = 0;
    int arrives =
        sendto(other, "x", 1, 0, (void *)&place, size) == 1 && recv(end, &byte, 1, 0) == 1;
    printf("loopback %d\n", arrives);
    close(end), close(other);
    show_folder("/sys/class/net");
}
static void show_mounts(void) {
    FILE *file = fopen("/proc/self/mountinfo", "r");
    char line[1024], place[256];
    printf("mounts:");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "%*d %*d %*s %*s %255s", place) == 1)
            printf(" %s", place);
    printf("\n");
}
static void show_random(void) {
    uint64_t value;
    printf("random %d\n", getrandom(&value, sizeof value, 0) == sizeof value && value != 0);
}
static void show_file_position(void) {
    char text[16] = "";
    long at = lseek(opened, 0, SEEK_CUR);
    if (read(opened, text, 5) != 5)
        text[0] = 0;
    printf("file %ld %s closes %d\n", at, text, fcntl(opened, F_GETFD));
}
static void run_child(const char *self) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(self, self, "status", NULL);
        _exit(9);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("child %d %x\n", child, status);
}
static void *count(void *cell) {
    for (int i = 0; i < 1000; i++)
        __atomic_add_fetch((int *)cell, 1, __ATOMIC_RELAXED);
    return NULL;
}
static void run_threads(void) {
    pthread_t threads[4];
    int cell = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, count, &cell);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("threads %d\n", cell);
}
static void fill_disk(void) {
    static char bytes[65536];
    int file = open("/tmp/fill", O_WRONLY | O_CREAT, 0600);
    while (write(file, bytes, sizeof bytes) > 0)
        ;
    printf("full %d\n", errno == ENOSPC);
}
static void show_size(void) {
    struct statvfs system;
    printf("size %llu\n", statvfs("/", &system) ? 0ULL : 1ULL * system.f_blocks * system.f_frsize);
}
static void fill_memory(void) {
    for (;;)
        memset(malloc(1 << 20), 1, 1 << 20);
}
static void fork_many(void) {
    int made = 0;
    while (made < 1000 && fork() > 0)
        made++;
    if (getpid() == 1)
        printf("forks limited %d\n", made < 1000);
    else
        _exit(0);
}
static void leave_marks(void) {
    close(creat("/tmp/mark", 0600));
    close(creat("/dev/shm/mark", 0600));
    shmget(77, 4096, IPC_CREAT | 0600);
}
static void show_marks(void) {
    printf("segment %d\n", shmget(77, 4096, 0600) >= 0);
    show_folder("/tmp");
    show_folder("/dev/shm");
    show_folder("/dev/mqueue");
}

static void show_changed(void) {
    show_folder("/var");
    printf("home %d made %d hostname %d\n", access("/home", F_OK), access("/made", F_OK),
           access("/etc/hostname", F_OK));
}
// The same kind of changes, on top of those of the template.
static void change_again(void) {
    int failures = unlink("/var/template") + rmdir("/var") + mkdir("/var", 0755) +
                   mkdir("/home", 0755) + unlink("/made");
    close(open("/var/copy", O_WRONLY | O_CREAT, 0600));
    close(open("/etc/hostname", O_WRONLY | O_CREAT, 0600));
    printf("failures %d\n", failures);
    show_folder("/home");
}

static void answer(const char *self, const char *word) {
    static const struct {
        const char *word;
        void (*act)(void);
    } acts[] = {
        {"status", show_status},
        {"ids", show_ids},
        {"descriptors", show_descriptors},
        {"refusals", show_refusals},
        {"network", show_network},
        {"mounts", show_mounts},
        {"random", show_random},
        {"file", show_file_position},
        {"threads", run_threads},
        {"loop", show_loop},
        {"thread", show_thread},
        {"disk", fill_disk},
        {"size", show_size},
        {"memory", fill_memory},
        {"forks", fork_many},
        {"marks", leave_marks},
        {"seen", show_marks},
        {"changed", show_changed},
        {"change", change_again},
        {"abort", abort},
    };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (!strcmp(word, acts[i].word))
            acts[i].act();
    char path[256];
    if (!strcmp(word, "child"))
        run_child(self);
    if (!strcmp(word, "cwd"))
        printf("cwd %s mark %d\n", getcwd(path, sizeof path), access("mark", F_OK));
    if (!strcmp(word, "exit"))
        exit(5);
    if (!strcmp(word, "wait"))
        sleep(30);
}

static void prepare(const char *mode) {
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (!strcmp(mode, modes[i].name))
            modes[i].prepare();
}

// A program that starts with less work than a copy of it takes is not copied. In emulation this one would be such.
static void start_slowly(void) {
#ifdef START_MS
    while (clock() < START_MS * (CLOCKS_PER_SEC / 1000))
        ;
#endif
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "status")) {
        show_status();
        return 0;
    }
    start_slowly();
    for (int i = 1; i < argc; i++)
        prepare(argv[i]);
    char request[4096] = "";
    size_t filled = 0;
    for (ssize_t part; (part = read(input, request + filled, sizeof request - 1 - filled)) > 0;)
        filled += (size_t)part;
    for (char *word = strtok(request, " \n"); word; word = strtok(NULL, " \n"))
        answer(argv[0], word);
    fflush(stdout);
    return 0;
}
