// SPDX-License-Identifier: Apache-2.0
// What the program of template.c can do before it reads its request so that it cannot be copied.
#pragma once
static void *sleeper(void *unused) {
    pause();
    return unused;
}
static void a_thread(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, sleeper, NULL);
}
static void a_child(void) {
    if (fork() == 0)
        for (;;)
            pause();
}
static void a_zombie(void) {
    if (fork() == 0)
        _exit(0);
    usleep(20000);
}
static void an_orphan(void) {
    if (fork() == 0) {
        if (fork() == 0)
            for (;;)
                pause();
        _exit(0);
    }
    wait(NULL);
}
static void a_vfork_sibling(void) {
    static char stack[16384] __attribute__((aligned(16)));
    clone((int (*)(void *))(void *)sleeper, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
}
// Answers capset and setns with success without making them.
static void a_filter(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        exit(7);
}
static void a_foreign_stdout(void) {
    int ends[2];
    if (pipe(ends) == 0)
        dup2(ends[1], 1);
}
static void a_closed_stream(void) { close(2); }
static void a_pipe(void) {
    int ends[2];
    if (pipe(ends))
        exit(7);
}
static void a_lock(void) {
    int file = open("/etc/hosts", O_RDONLY);
    flock(file, LOCK_SH);
}
static void shared_anonymous(void) {
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mprotect(memory, 4096, PROT_NONE);
}
static void shared_memfd(void) {
    int file = memfd_create("x", 0);
    if (ftruncate(file, 4096) == 0)
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
}
static void shared_segment(void) { shmat(shmget(IPC_PRIVATE, 4096, 0600), NULL, 0); }
static void not_forked(void) {
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, 4096, MADV_DONTFORK);
}
static void a_timer(void) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    timer_create(CLOCK_MONOTONIC, &event, &timer);
}
static void an_output(void) {
    if (write(1, "early", 5) != 5)
        exit(7);
}
static void many_mappings(void) {
    for (int i = 0; i < 20000; i++)
        mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void an_end(void) { exit(3); }
static void a_sleep(void) { sleep(60); }
static void a_deleted_file(void) {
    close(creat("/tmp/gone", 0600));
    open("/tmp/gone", O_RDONLY);
    unlink("/tmp/gone");
}
// The file has another name, and its former one with the kernel's mark leads elsewhere.
static void a_renamed_file(void) {
    close(creat("/tmp/a", 0600));
    open("/tmp/a", O_RDONLY);
    if (link("/tmp/a", "/tmp/b") || unlink("/tmp/a") || symlink("/etc/secret", "/tmp/a (deleted)"))
        exit(7);
}
static void many_files(void) {
    for (int i = 0; i < 20; i++)
        open("/etc/hosts", O_RDONLY);
}
static void deleted_folder(void) {
    if (mkdir("/tmp/d", 0700) || chdir("/tmp/d") || rmdir("/tmp/d"))
        exit(7);
}
