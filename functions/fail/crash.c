// SPDX-License-Identifier: Apache-2.0
// Dies as its argument says. A shell cannot do this: the kernel ignores signals that PID 1 of a container sends
// to itself, so the death has to be a real fault or a real lack of memory.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { chunk_bytes = 1 << 20 };

static void fault(int number) {
    volatile int zero = 0;
    switch (number) {
    case SIGILL:
        __builtin_trap();
    case SIGFPE:
        zero = 7 / zero;
        return;
    case SIGSEGV:
        *(volatile int *)(long)zero = 1;
        return;
    default:
        fprintf(stderr, "crash: cannot make signal %d; 4, 8 and 11 can be made\n", number);
        exit(2);
    }
}

// Touches every byte: memory that is only promised is not counted.
static void use_all_memory(void) {
    for (;;) {
        char *chunk = malloc(chunk_bytes);
        if (chunk != NULL)
            memset(chunk, 1, chunk_bytes);
    }
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "oom") == 0)
        use_all_memory();
    if (count == 2)
        fault(atoi(arguments[1]));
    fprintf(stderr, "usage: crash oom|SIGNAL\n");
    return 2;
}
