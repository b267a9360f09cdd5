// SPDX-License-Identifier: Apache-2.0
// The program of bench/run --containers: `true` ends at once; `sink PORT` reads connections to their end, one after the
// other, and answers each with one byte.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char piece[256 * 1024];

static int sink(int port) {
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&place, sizeof place) < 0 || listen(listener, 16) < 0)
        return 1;
    for (;;) {
        int end = accept(listener, NULL, NULL);
        while (read(end, piece, sizeof piece) > 0)
            ;
        if (write(end, "x", 1) < 0)
            return 1;
        close(end);
    }
}

int main(int argc, char **argv) {
    return argc == 3 && strcmp(argv[1], "sink") == 0 ? sink(atoi(argv[2])) : 0;
}
