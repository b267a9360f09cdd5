// SPDX-License-Identifier: Apache-2.0
// Whether a sandbox has made anything in the IPC namespace that it was lent, be
// it gone again or not. The kernel numbers System V objects one after the other:
// one made here and now has the successor of the last one's number, or somebody
// made others in between. Message queues by name show in their folder's times.
#define _GNU_SOURCE
#include "mounts/root.h"
#include <errno.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

// A number, or -errno where the kernel has no such objects.
static int number_of_queue(void) {
    int queue = msgget(IPC_PRIVATE, 0600);
    return queue >= 0 && msgctl(queue, IPC_RMID, NULL) == 0 ? queue : -errno;
}

static int number_of_semaphores(void) {
    int set = semget(IPC_PRIVATE, 1, 0600);
    return set >= 0 && semctl(set, 0, IPC_RMID) == 0 ? set : -errno;
}

static int number_of_segment(void) {
    int segment = shmget(IPC_PRIVATE, 1, 0600);
    return segment >= 0 && shmctl(segment, IPC_RMID, NULL) == 0 ? segment : -errno;
}

void ipc_remember(struct ipc_numbers *numbers) {
    *numbers = (struct ipc_numbers){.queue = number_of_queue(),
                                    .semaphores = number_of_semaphores(),
                                    .segment = number_of_segment()};
}

// A number is an index and, above it, how often the index started over (ipc/util.c, since
// 5.2): it does so after this one while nothing is there, and then the count is one more. A
// kernel with other bounds makes the namespace anew for once, as after a change.
enum { INDEX_BITS = 15, LAST_INDEX = 63 };

// What cannot be made stays so.
static bool follows(int now, int before) {
    if (before < 0)
        return now == before;
    int index = before & ((1 << INDEX_BITS) - 1), round = before >> INDEX_BITS;
    return index == LAST_INDEX ? now == (round + 1) << INDEX_BITS : now == before + 1;
}

// Numbers come back after some four million objects: what was made then may not be there.
static bool is_empty(void) {
    struct msginfo queues;
    struct seminfo semaphores;
    struct shm_info segments;
    union {
        struct seminfo *info;
    } argument = {&semaphores};
    // What cannot be asked cannot be made either.
    return (msgctl(0, MSG_INFO, (struct msqid_ds *)&queues) < 0 || queues.msgpool == 0) &&
           (semctl(0, 0, SEM_INFO, argument) < 0 || semaphores.semusz == 0) &&
           (shmctl(0, SHM_INFO, (struct shmid_ds *)&segments) < 0 || segments.used_ids == 0);
}

bool ipc_is_untouched(struct ipc_numbers *numbers) {
    struct ipc_numbers before = *numbers;
    ipc_remember(numbers);
    return is_empty() && follows(numbers->queue, before.queue) &&
           follows(numbers->semaphores, before.semaphores) &&
           follows(numbers->segment, before.segment);
}
