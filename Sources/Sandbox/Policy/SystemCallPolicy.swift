// SPDX-License-Identifier: Apache-2.0
// Which system calls a function may make: Docker's default policy (moby/profiles, seccomp/default.json, 2026) for a
// container without extra capabilities, as data. SeccompFilter compiles it.

enum SystemCallPolicy {
    /// Allowed with any arguments.
    static let allowed = """
        accept accept4 access adjtimex alarm arch_prctl bind brk cachestat capget capset chdir chmod chown
        clock_adjtime clock_getres clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup
        dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait
        epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate
        fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork
        fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue futex_wait futex_waitv futex_wake
        futimesat getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid
        getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit get_robust_list getrusage getsid
        getsockname getsockopt get_thread_area gettid gettimeofday getuid getxattr getxattrat inotify_add_watch
        inotify_init inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy io_getevents io_pgetevents ioprio_get
        ioprio_set io_setup io_submit kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown
        lgetxattr link linkat listen listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat
        madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2
        mlockall mmap mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink mremap mseal
        msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat open openat
        openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll
        ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 ptrace process_vm_readv
        process_vm_writev pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg
        remap_file_pages removexattr removexattrat rename renameat renameat2 restart_syscall riscv_hwprobe rmdir rseq
        rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
        rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max
        sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr
        sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg
        sendmsg sendto setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid setresuid
        setreuid setrlimit set_robust_list setsid setsockopt set_thread_area set_tid_address setuid setxattr
        setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 socketpair splice stat statfs
        statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create
        timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times
        tkill truncate umask uname unlink unlinkat uretprobe utime utimensat utimes vfork vmsplice wait4 waitid write
        writev
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    /// Known and refused with EPERM, as programs expect; calls on neither list do not exist (ENOSYS).
    static let refused = """
        acct add_key bpf chroot clock_settime create_module delete_module fanotify_init finit_module
        fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup iopl
        ioperm kcmp kexec_file_load kexec_load keyctl lookup_dcookie lsm_get_self_attr lsm_list_modules
        lsm_set_self_attr mbind migrate_pages modify_ldt move_pages nfsservctl open_by_handle_at open_tree_attr
        perf_event_open pivot_root process_madvise query_module quotactl quotactl_fd reboot request_key
        set_mempolicy set_mempolicy_home_node setdomainname settimeofday swapoff swapon sysfs _sysctl syslog
        userfaultfd uselib ustat vhangup vm86 vm86old
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    /// The set-up's own calls: pass with the cookie as sixth argument, refused with EPERM without.
    static let setupOnly = [
        "mount", "umount2", "move_mount", "open_tree", "mount_setattr", "unshare", "setns", "sethostname",
        "fsopen", "fsconfig", "fsmount", "pidfd_getfd",
    ]

    /// Every flag of clone(2) that makes a namespace, and CLONE_PARENT: those calls too are the set-up's alone.
    ///
    /// A process that a template made with CLONE_PARENT would be a child of the slot's process.
    static let setupCloneFlags: UInt64 = 0x7e02_8000

    /// Socket families that were used to escape from containers: AF_ALG and AF_VSOCK.
    static let refusedSocketFamilies: [UInt64] = [38, 40]

    /// Commands of fcntl(2) that leave a mark on a file of the image, which the next sandbox would find:
    /// F_SET_RW_HINT and F_SET_FILE_RW_HINT.
    static let refusedFileCommands: [UInt32] = [1036, 1038]

    /// personality(2): Linux, and the two flags that old programs ask for, and the query.
    static let allowedPersonalities: [UInt64] = [0, 0x8, 0x20000, 0x20008, 0xffff_ffff]
}
