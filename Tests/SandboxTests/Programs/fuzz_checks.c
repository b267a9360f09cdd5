// SPDX-License-Identifier: Apache-2.0
// Feeds the checks of templates with texts of /proc: random ones whose meaning a model knows, and damaged ones.
// fuzz_checks FOLDER SEED SECONDS; built with the sources of the checks and with sanitizers.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct slot slot;
struct template template;

static uint64_t random_state;
static uint32_t below(uint32_t bound) {
    random_state ^= random_state << 13, random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16) % bound;
}
#define ONE_OF(array) (array)[below(sizeof(array) / sizeof(array)[0])]

// ---------------------------------------------------------------- texts

static char text[1 << 20];
static size_t size;
static void clear(void) { size = 0; }
__attribute__((format(printf, 1, 2))) static void add(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size += (size_t)vsnprintf(text + size, sizeof text - size, format, arguments);
    va_end(arguments);
}
static void put(const char *name) {
    char path[64];
    snprintf(path, sizeof path, "%d/%s", template.process, name);
    int file = openat(slot.proc, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, text, size) != (ssize_t)size)
        exit(3);
    close(file);
}
static void damage(void) {
    for (uint32_t count = 1 + below(8); count > 0 && size > 0; count--) {
        size_t place = below((uint32_t)size), length = below(64);
        if (length > size - place)
            length = size - place;
        switch (below(4)) {
        case 0:
            text[place] = (char)below(256);
            break;
        case 1: // cut out
            memmove(text + place, text + place + length, size - place - length);
            size -= length;
            break;
        case 2: // once more
            memmove(text + place + length, text + place, size - place);
            size += length;
            break;
        default:
            size = place;
        }
    }
}
static const char *seed_and_round;
static void expect(bool found, bool expected, const char *what) {
    if (found == expected)
        return;
    fprintf(stderr, "%s: %s: %d, expected %d, for:\n%.*s\n", seed_and_round, what, found, expected,
            (int)size, text);
    exit(1);
}

// ---------------------------------------------------------------- one kind of text each

static const char *const paths[] = {
    "",          "/lib/a.so",           "[heap]",     "[stack]", "/x [v", "/a VmFlags: sh mw dc",
    "/VmFlags:", "/dev/zero (deleted)", "/tmp/[vvar]"};
static const char *const flags[] = {"rd", "wr", "ex", "sh", "mr", "mw", "me",
                                    "dc", "um", "uw", "ui", "ac", "sd"};

// Whether the mapping that it adds is one that a copy can have.
static bool add_mapping(unsigned long start) {
    bool has[sizeof flags / sizeof flags[0]] = {false};
    bool is_kernels = below(8) == 0;
    add("%08lx-%08lx rw-p 00000000 00:00 0 ", start, start + 4096);
    if (is_kernels)
        add("                  [vvar]\n");
    else
        add("                  %s\n", ONE_OF(paths));
    add("Size:  4 kB\nPss:   4 kB\nTHPeligible:    0\nVmFlags: ");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if ((has[i] = below(i > 6 && i < 11 ? 60 : i == 3 ? 20 : 2) == 0))
            add("%s ", flags[i]);
    add("\n");
    return !(has[3] && has[5]) && !has[8] && !has[9] && !has[10] && (!has[7] || is_kernels);
}
static void mappings(bool is_damaged) {
    bool can_be_copied = true;
    uint32_t count = 1 + below(40);
    clear();
    for (uint32_t i = 0; i < count; i++)
        can_be_copied &= add_mapping(0x400000 + i * 8192ul);
    if (is_damaged)
        damage();
    put("smaps");
    bool passed = !failed(check_memory());
    if (!is_damaged)
        expect(passed, can_be_copied, "mappings");
}

static void status(bool is_damaged) {
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    static const char *const names[] = {"python3", "CapEff:\\t0", "NoNewPrivs:", "",
                                        "a:b\\nThreads:\\t1"};
    bool is_unprivileged = true;
    long threads = below(4), filters = below(3);
    clear();
    add("Name:\t%s\nState:\tt (tracing stop)\n", ONE_OF(names));
    if (below(2) == 0)
        add("ThreadsBefore:\t9\nCapEffBefore:\t0000000000000001\n");
    add("Threads:\t%ld\n", threads);
    for (size_t i = 0; i < 5; i++) {
        uint64_t value = below(12) ? 0 : 1ull << below(41);
        is_unprivileged &= value == 0;
        add("%s:\t%016llx\n", sets[i], (unsigned long long)value);
    }
    bool is_locked = below(8) != 0;
    add("NoNewPrivs:\t%d\nSeccomp:\t2\nSeccomp_filters:\t%ld\n", is_locked, filters);
    if (is_damaged)
        damage();
    text[size] = 0;
    bool found = facts_is_unprivileged(text);
    long found_threads = facts_number(text, "Threads");
    long found_filters = facts_number(text, "Seccomp_filters");
    if (is_damaged)
        return;
    expect(found, is_unprivileged && is_locked, "capabilities");
    expect(found_threads == threads && found_filters == filters, true, "numbers");
}

static bool add_sockets(bool is_ipv6) {
    static const unsigned ports[] = {8000, 8001, 80, 9001, 65535};
    static const char *const states[] = {"0A", "01", "06", "0a"};
    bool listens = false;
    clear();
    add("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n");
    for (uint32_t i = below(20); i > 0; i--) {
        unsigned port = ONE_OF(ports);
        const char *state = ONE_OF(states);
        const char *address = is_ipv6 ? "00000000000000000000000001000000" : "0100007F";
        listens |= port == 8000 && !strcmp(state, "0A");
        add("%4u: %s:%04X %s:%04X %s 00000000:00000000 00:00000000 00000000  0        0 89866 1\n",
            i, address, port, address, ONE_OF(ports), state);
    }
    return listens;
}
static void waiting(bool is_damaged) {
    static const long numbers[] = {SYS_accept, SYS_epoll_wait, SYS_poll,
                                   SYS_read,   SYS_futex,      SYS_nanosleep};
    long number = ONE_OF(numbers);
    bool waits = number == SYS_accept || number == SYS_epoll_wait || number == SYS_poll;
    bool listens = add_sockets(false);
    if (is_damaged)
        damage();
    put("net/tcp");
    listens |= add_sockets(true);
    put("net/tcp6");
    clear();
    if (below(4) == 0) {
        add("running\n");
        waits = false;
    } else {
        add("%ld 0x%x 0x7f00 0x0 0x0 0x0 0x0 0x7ffe 0x7f01\n", number, below(16));
    }
    if (is_damaged)
        damage();
    put("syscall");
    template.port = 8000;
    bool found = template_is_waiting();
    template.port = 0;
    if (!is_damaged)
        expect(found, waits && listens, "waiting");
}

static void epoll_set(bool is_damaged) {
    uint32_t count = below(TEMPLATE_WATCHES_MAX + 3);
    bool is_known = count <= TEMPLATE_WATCHES_MAX;
    template.descriptor_count = 3;
    for (int i = 0; i < 3; i++)
        template.descriptors[i] =
            (struct template_descriptor){.kind = i == 0 ? DESCRIPTOR_EPOLL : DESCRIPTOR_PAIR,
                                         .number = 3 + i,
                                         .inode = 100u + (unsigned)i};
    clear();
    add("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1057\n");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = below(40) ? 4 + below(2) : below(8);
        unsigned long inode = 97 + number + (below(40) == 0);
        is_known &= (number == 4 || number == 5) && inode == 97 + number;
        add("tfd: %8u events: %8x data: %16llx  pos:0 ino:%lx sdev:8\n", number, below(65536),
            (unsigned long long)random_state, inode);
    }
    if (is_damaged)
        damage();
    put("fdinfo/3");
    bool passed = !failed(epoll_record_all());
    if (!is_damaged)
        expect(passed, is_known, "epoll set");
}

static void request(bool is_damaged) {
    static const char *const parts[] = {"GET /next HTTP/1.1",
                                        "POST /x HTTP/1.1",
                                        "\r\n",
                                        "\r\n\r\n",
                                        "Host: a",
                                        "GET ",
                                        "\n\n",
                                        "body"};
    int ends[2];
    clear();
    if (below(2) == 0)
        add("GET /next HTTP/1.1\r\nHost: a\r\n");
    for (uint32_t i = below(5); i > 0; i--)
        add("%s", ONE_OF(parts));
    if (below(3) == 0)
        add("\r\n");
    if (is_damaged)
        damage();
    const char *end = memmem(text, size, "\r\n\r\n", 4);
    bool is_request = size > 4 && !memcmp(text, "GET ", 4) && end && end + 4 == text + size;
    if (size > 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
        bool is_sent = write(ends[1], text, size) == (ssize_t)size;
        template.runtime_connections[0] = ends[0];
        expect(is_sent && runtime_has_asked(), is_request, "request");
        runtime_close();
        close(ends[1]);
    }
}

int main(int count, char **words) {
    static void (*const kinds[])(bool) = {mappings, status, waiting, epoll_set, request};
    static char place[64];
    if (count != 4 || (slot.proc = open(words[1], O_RDONLY | O_DIRECTORY)) < 0)
        return 2;
    random_state = strtoull(words[2], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
    template.process = 4242;
    template.runtime_listener = -1;
    for (int i = 0; i < RUNTIME_CONNECTIONS_MAX; i++)
        template.runtime_connections[i] = -1;
    mkdirat(slot.proc, "4242", 0700), mkdirat(slot.proc, "4242/net", 0700);
    mkdirat(slot.proc, "4242/fdinfo", 0700);
    time_t end = time(NULL) + atoi(words[3]);
    unsigned long round = 0;
    seed_and_round = place;
    for (; time(NULL) < end; round++) {
        snprintf(place, sizeof place, "seed %s, round %lu", words[2], round);
        ONE_OF(kinds)(below(2) == 0);
    }
    printf("%lu rounds\n", round);
    return 0;
}
