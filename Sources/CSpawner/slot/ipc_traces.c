// SPDX-License-Identifier: Apache-2.0
// Whether a sandbox has created an object in the IPC namespace that its root keeps, even if it removed it
// again. The kernel numbers System V objects consecutively: when an object created now does not get the
// successor of the last recorded number, another one was created in between. Message queues with names show
// in the times of their folder.
#define _GNU_SOURCE
#include "mounts/root.h"
#include <errno.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

// Creates and removes an object. Returns its number, or -errno where the kernel has no such
// objects.
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

void ipc_record(struct ipc_numbers *numbers) {
    *numbers = (struct ipc_numbers){.queue = number_of_queue(),
                                    .semaphores = number_of_semaphores(),
                                    .segment = number_of_segment()};
}

// A number is an index and, in the bits above, how often the index has started over (ipc/util.c,
// since Linux 5.2). It starts over after LAST_INDEX while no object exists. On a kernel with other
// bounds the namespace is created again once too often, as after a change.
enum { INDEX_BITS = 15, LAST_INDEX = 63 };

// Objects that the kernel does not have give the same error again.
static bool follows(int now, int before) {
    if (before < 0)
        return now == before;
    int index = before & ((1 << INDEX_BITS) - 1), round = before >> INDEX_BITS;
    return index == LAST_INDEX ? now == (round + 1) << INDEX_BITS : now == before + 1;
}

// Numbers repeat after about four million objects, so the objects that exist are counted too.
static bool is_empty(void) {
    struct msginfo queues;
    struct seminfo semaphores;
    struct shm_info segments;
    union {
        struct seminfo *info;
    } argument = {&semaphores};
    // Where the kernel cannot count them, it cannot create them either.
    return (msgctl(0, MSG_INFO, (struct msqid_ds *)&queues) < 0 || queues.msgpool == 0) &&
           (semctl(0, 0, SEM_INFO, argument) < 0 || semaphores.semusz == 0) &&
           (shmctl(0, SHM_INFO, (struct shmid_ds *)&segments) < 0 || segments.used_ids == 0);
}

bool ipc_is_unchanged(struct ipc_numbers *numbers) {
    struct ipc_numbers before = *numbers;
    ipc_record(numbers);
    return is_empty() && follows(numbers->queue, before.queue) &&
           follows(numbers->semaphores, before.semaphores) &&
           follows(numbers->segment, before.segment);
}
