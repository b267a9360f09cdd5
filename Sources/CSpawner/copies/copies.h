// SPDX-License-Identifier: Apache-2.0
// The template process of a slot and its copies (ADR 0031). The slot starts a program once, stops it by
// ptrace(2) when it waits for its request, checks from outside that it can be copied, and makes each sandbox
// as a copy-on-write copy of it in namespaces of its own. The template never runs a further instruction of
// its program.
#pragma once
#include "csandbox_slot_messages.h"
#include "step.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/user.h>

/// Thread id of the template in its PID namespace: an odd number, so that the word in which the C
/// library keeps it can be recognised.
enum { TEMPLATE_TID = 4242 };
/// Longest start of a template. Less than the gateway waits for an answer of a slot (AnswerWatch).
enum { TEMPLATE_START_MS = 9000 };
/// Longest wait for a stop of the template or a copy: it makes one system call in between.
enum { TEMPLATE_STOP_MS = 2000 };
/// Descriptors of a template besides its standard streams. Interpreters have a few open.
enum { TEMPLATE_DESCRIPTORS_MAX = 16 };
/// Mappings of a template. Each is copied for each copy; Python has a hundred.
enum { TEMPLATE_MAPPINGS_MAX = 8192 };
/// A copy that takes more processor time than the start of the program and than this is refused: below
/// it, the difference is that of two measurements.
enum { COPY_COST_MIN_US = 10000 };

enum template_stage { TEMPLATE_NONE, TEMPLATE_STARTING, TEMPLATE_CHECKED, TEMPLATE_LOST };

/// A call that a copy makes before it continues as the program (code.c).
struct call {
    int64_t number;
    int64_t arguments[5];
    /// Bit N: argument N is the address of a 32-bit word that holds the value.
    uint32_t loads;
    uint32_t may_fail;
    /// Address of a 32-bit word for the result, or 0.
    uint64_t result;
};

/// Numbers of calls with a meaning of their own: stop for the slot; continue as the program.
enum { CALL_STOP = -1, CALL_FINISH = -2 };
/// Calls of one copy: about 60 and up to 4 for each descriptor, 12 for a socket.
enum { CALLS_MAX = 160 };
enum { SCRIPT_TEXT_BYTES = 5824 };
/// Bytes of the request that a client of the Runtime API has sent; clients send some two hundred.
enum { RUNTIME_REQUEST_BYTES = 2048 };
/// Connections of such a client at once.
enum { RUNTIME_CONNECTIONS_MAX = 4 };
/// Descriptors that the epoll sets of a template watch.
enum { TEMPLATE_WATCHES_MAX = 16 };

#if defined(__x86_64__)
/// The second to fifth private page of a template; copies inherit it. code.c reads it by offsets.
struct script {
    /// As the template had them in its read; a copy gets them in its last step.
    struct user_regs_struct registers;
    /// Address of the system call instruction of that read.
    uint64_t instruction;
    struct call calls[CALLS_MAX];
    char text[SCRIPT_TEXT_BYTES];
};
#endif

/// What a descriptor of a template is, and so how a copy opens it again.
enum descriptor_kind {
    DESCRIPTOR_FILE,
    DESCRIPTOR_STREAM,
    DESCRIPTOR_LISTENER,
    /// The connection to the Runtime API.
    DESCRIPTOR_RUNTIME,
    /// One end of a pair of sockets whose other end is the template's, too.
    DESCRIPTOR_PAIR,
    DESCRIPTOR_EPOLL,
};

/// A descriptor of the template that each copy opens again.
struct template_descriptor {
    enum descriptor_kind kind;
    int number;
    int flags;
    int64_t position;
    ino_t inode;
    /// STREAM: 0 to 2, of which it is a duplicate. PAIR: the number of the other end, -1 while unknown.
    int other;
    /// LISTENER: its address. LISTENER, RUNTIME: a bit for each option of listeners.c that is set.
    struct sockaddr_storage address;
    uint32_t address_size, options;
    char path[CSANDBOX_NAME_MAX];
};

/// A descriptor that an epoll set watches.
struct template_watch {
    int set, number;
    uint32_t events;
    uint64_t data;
};

/// Socket options that a socket passes on or needs; each is a flag.
struct listener_option {
    int level, name;
};
enum { LISTENER_OPTIONS = 5 };
extern const struct listener_option listener_options[LISTENER_OPTIONS];

struct template {
    enum template_stage stage;
    /// PID 1 of the template's PID namespace, which only waits; and the template.
    pid_t init, process;
    /// The slot's ends of its standard streams, and the pipes' inodes.
    int ends[3];
    uint64_t pipes[3];
    /// The IPC namespace that the slot returns to.
    int own_ipc;
    /// Where the program serves, or asks for its request; both 0: it reads it from standard input.
    uint16_t port, runtime_port;
    /// For a client of the Runtime API: the slot's listening socket and its connections until the
    /// template is frozen, -1 without; then the request that was sent and the port it came from.
    int runtime_listener, runtime_connections[RUNTIME_CONNECTIONS_MAX];
    char runtime_request[RUNTIME_REQUEST_BYTES];
    size_t runtime_request_size;
    uint16_t runtime_client;
    int64_t asked_ns;
    uint32_t looks;
    /// Processor time of its start.
    int64_t start_cost_us;
    /// What is wrong with it, for the answer.
    uint32_t number;
    char culprit[CSANDBOX_CULPRIT_MAX];
    uint64_t signal_mask;
    /// Address of its pages: code, script, words.
    uint64_t pages;
    /// The word with its thread id; and where that is not the registered address, that one.
    uint64_t tid_word, tid_registered;
    uint32_t descriptor_count;
    struct template_descriptor descriptors[TEMPLATE_DESCRIPTORS_MAX];
    /// asyncio of a Python before 3.12 is in its memory.
    bool has_old_asyncio;
    uint32_t watch_count;
    struct template_watch watches[TEMPLATE_WATCHES_MAX];
    /// Identity maps of the user namespace's ids.
    char uid_map[256], gid_map[256];
    bool is_first_copy_made;
    /// The program changed its root while it started: copies have its layer below theirs.
    bool has_layer;
#if defined(__x86_64__)
    struct script script;
    /// While the script is written: how much of it is used, and a call for what does not fit.
    struct {
        uint32_t calls;
        size_t text;
        bool is_full;
        struct call surplus;
    } written;
#endif
};

extern struct template template;

/// copies.c: handles MAKE_TEMPLATE for a program that serves at `port`, asks for its request at `-port`,
/// or 0. An answer follows now or at a later tick.
void template_make(int32_t port);
/// copies.c: milliseconds until the next tick, -1 without one.
int template_wait_ms(void);
/// copies.c: looks whether the template waits for its request; freezes and checks it then.
void template_tick(void);
/// copies.c: reaps the template or its PID 1 when they have ended.
void template_reap(void);

/// start.c: starts the template.
struct failure template_start(void);
/// waiting.c: whether it waits for its request: in a read of its standard input, or for a connection.
bool template_is_waiting(void);
/// waiting.c: whether a system call is one in which it may wait.
bool waits_in(long number);
/// waiting.c: whether it waits in an epoll set, which a stop ends with EINTR.
bool waits_in_epoll(long number);
/// listeners.c: a duplicate of a descriptor of the template, or -errno.
int template_descriptor_get(int number);
/// listeners.c: records which of the options are set, and that of a listening socket.
void socket_record_options(int socket, struct template_descriptor *found);
/// listeners.c: whether a socket of the template listens so that each copy can open it again; records it.
bool listener_record(struct template_descriptor *found);
/// runtime.c: listens for the program, before it starts, where it asks for its request.
struct failure runtime_open(void);
/// runtime.c: whether it has asked; records the request.
bool runtime_has_asked(void);
/// runtime.c: closes what the slot has of it.
void runtime_close(void);
/// runtime.c: whether a socket of the template is the connection on which it has asked; records it.
bool runtime_record(struct template_descriptor *found);
/// pairs.c: whether a socket of the template may be one end of a pair; records it.
bool pair_record(struct template_descriptor *found);
/// pairs.c: finds the other end of each; refuses one without, or with something in it.
struct failure pairs_match(void);
/// epoll.c: records what the epoll sets watch; refuses what is not a descriptor of the template.
struct failure epoll_record_all(void);
/// epoll.c: refuses an epoll set whose loop would not run in a copy; after check_memory.
struct failure check_event_loop(void);
/// epoll.c: reads one line of an epoll set's fdinfo; whether it describes a watched descriptor.
struct epoll_line {
    struct template_watch watch;
    unsigned long inode;
};
bool epoll_line_parse(const char *line, struct epoll_line *found);
/// freeze.c: stops it for good, checks it, and prepares it for being copied.
struct failure template_freeze(void);
/// copy.c: makes a copy the sandbox of the slot, or fails without leaving anything.
struct failure copy_make(void);

/// facts.c: reads a file of a process in /proc as text; -errno.
ssize_t facts_read(pid_t process, const char *name, char *text, size_t size);
/// facts.c: the number after a key of /proc/PID/status; -1 without.
long facts_number(const char *status, const char *key);
/// facts.c: whether /proc/PID/status shows no capability in any set and no_new_privs.
bool facts_is_unprivileged(const char *status);
/// facts.c: notes the name of what was found.
void facts_culprit(const char *name);
/// facts.c: processor time of a process with one thread so far, in microseconds; 0 where the kernel does
/// not say.
int64_t facts_cost_us(pid_t process);
/// facts.c: nanoseconds of CLOCK_MONOTONIC.
int64_t facts_now_ns(void);

/// processes.c: whether no other process or thread of the function is there.
struct failure check_processes(void);
/// descriptors.c: records descriptors to be opened again; refuses others.
struct failure check_descriptors(void);
/// descriptors.c: refuses a descriptor under this name.
struct failure descriptor_refuse(int number, const char *name);
/// descriptors.c: reads /proc/PID/fdinfo/N of the template; whether it fits.
bool descriptor_info(int number, char *info, size_t size);
/// memory.c: refuses mappings that a copy would share or lack.
struct failure check_memory(void);

/// trace.c: waits for the next stop of a traced process, TEMPLATE_STOP_MS at most.
struct failure trace_wait(pid_t process, int *status);

/// trace.c: kills a traced process and reaps it, within the same bound.
void trace_end(pid_t process);

#if defined(__x86_64__)
/// The code that a copy runs: entry, and the addresses at which it stops for the slot.
extern const char copy_code[], copy_code_failed[], copy_code_stopped[], copy_code_end[];
/// Pages: code, script, words.
enum { PAGE_BYTES = 4096, SCRIPT_PAGES = 4, PAGES_BYTES = (1 + SCRIPT_PAGES + 1) * PAGE_BYTES };
/// Offset of the words, and what they hold.
enum { WORDS = (1 + SCRIPT_PAGES) * PAGE_BYTES };
enum {
    WORD_PIPES = WORDS,
    WORD_NEW = WORDS + 24,
    WORD_LISTENER = WORDS + 32,
    WORD_SCRATCH = WORDS + 64
};

/// trace.c: has the stopped template make one call, and stop again.
struct failure trace_call(long number, const uint64_t arguments[6], long *result);
/// script.c: writes what copies do first.
struct failure script_write(const char *directory, uint64_t robust_list);
#endif
