// SPDX-License-Identifier: Apache-2.0
// Event loops, and a client of the Runtime API, as the program of template.c can have them before its request.
#pragma once
static int set = -1, wake[2] = {-1, -1};
static __thread int own_number = 3;
static volatile sig_atomic_t raised;

static void watch(int descriptor, uint64_t data) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = data};
    if (epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event))
        exit(7);
}
static void a_pair(void) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, wake))
        exit(7);
}
// As asyncio has one: it wakes itself through a pair of sockets.
static void a_loop(void) {
    a_pair();
    set = epoll_create1(EPOLL_CLOEXEC);
    watch(wake[0], 0x100000000u + (unsigned)wake[0]);
}
static void a_filled_pair(void) {
    a_pair();
    if (write(wake[0], "x", 1) != 1)
        exit(7);
}
static void half_a_pair(void) {
    a_pair();
    close(wake[1]);
}
static void a_closed_watch(void) {
    a_pair();
    set = epoll_create1(0);
    watch(wake[0], 1);
    int kept = dup(wake[0]);
    close(wake[0]);
    if (open("/etc/hosts", O_RDONLY) != wake[0] || kept < 0)
        exit(7);
}
static void a_nested_set(void) {
    set = epoll_create1(0);
    watch(epoll_create1(0), 1);
}
static void note(int signal) { raised = signal; }
static void prepared_thread(void) {
    own_number = 7;
    signal(SIGUSR1, note);
}

// Waits for a connection in its set, and answers it with the line of ids.
static void a_loop_server(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = 0x401f}; // 8000
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    a_loop();
    watch(listener, (unsigned)listener);
    if (bind(listener, (void *)&place, sizeof place) || listen(listener, 5))
        exit(7);
    struct epoll_event event = {0};
    int count = epoll_wait(set, &event, 1, -1);
    int connection = accept(listener, NULL, NULL);
    dprintf(connection, "pid %d events %d data %d\n", getpid(), count,
            event.data.u64 == (unsigned)listener);
    exit(0);
}

static int connection = -1;
static void ask(const char *request) {
    struct sockaddr_in place = {
        .sin_family = AF_INET, .sin_port = 0x2923, .sin_addr = {htonl(INADDR_LOOPBACK)}}; // 9001
    connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection, (void *)&place, sizeof place) ||
        write(connection, request, strlen(request)) < 0)
        exit(7);
}
// Tells what it received, and where it is.
static void hear(void) {
    char text[64] = "";
    if (recv(connection, text, sizeof text - 1, 0) < 0)
        exit(7);
    dprintf(connection, "pid %d heard %s closes %d", getpid(), text, fcntl(connection, F_GETFD));
    exit(0);
}
static void a_client(void) {
    ask("GET /next HTTP/1.1\r\nHost: here\r\n\r\n");
    hear();
}
static void a_reporting_client(void) {
    ask("POST /init/error HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    hear();
}
static void a_lost_client(void) {
    ask("GET /next HTTP/1.1\r\n\r\n");
    close(connection);
    connection = open("/dev/null", O_RDONLY);
    poll(NULL, 0, -1);
}

static void show_loop(void) {
    struct epoll_event event = {0};
    char byte = 0;
    int sent = write(wake[1], "x", 1) == 1;
    int count = epoll_wait(set, &event, 1, 1000);
    int received = read(wake[0], &byte, 1) == 1;
    int is_nonblocking = read(wake[0], &byte, 1) < 0 && errno == EAGAIN;
    printf("loop %d%d%d%d data %d closes %d%d%d\n", sent, count, received, is_nonblocking,
           event.data.u64 == 0x100000000u + (unsigned)wake[0], fcntl(set, F_GETFD),
           fcntl(wake[0], F_GETFD), fcntl(wake[1], F_GETFD));
}
static void *read_own_number(void *cell) {
    *(int *)cell = own_number;
    return NULL;
}
static void show_thread(void) {
    pthread_t thread;
    int other = 0;
    pthread_create(&thread, NULL, read_own_number, &other);
    pthread_join(thread, NULL);
    raise(SIGUSR1);
    printf("own %d other %d raised %d\n", own_number, other, raised == SIGUSR1);
}
