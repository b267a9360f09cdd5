// SPDX-License-Identifier: Apache-2.0
// The smallest useful function: greets, by GREETING if the environment has one.

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char *greeting = getenv("GREETING");
    printf("%s from a fresh container\n", greeting != NULL ? greeting : "Hello");
    return 0;
}
