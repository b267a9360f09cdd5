// SPDX-License-Identifier: Apache-2.0
// A template that asks for its request over HTTP on 127.0.0.1, as a runtime of AWS Lambda does. While it starts
// the slot listens there and answers nothing. A copy gets a listening socket in its own network namespace, which
// becomes the gateway's, a connection to that in place of the template's, and sends the same request again.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "sys.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// A request that has no effect may be made again (RFC 9110, section 9.2.1).
#define REQUEST_START "GET "
#define REQUEST_END "\r\n\r\n"

static void forget(int *descriptor) {
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

void runtime_close(void) {
    forget(&template.runtime_listener);
    for (int i = 0; i < RUNTIME_CONNECTIONS_MAX; i++)
        forget(&template.runtime_connections[i]);
}

struct failure runtime_open(void) {
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_port = htons(template.runtime_port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
    // With the cookie: the filter reports the sockets of all others to this process.
    long made = SYS3(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    template.runtime_listener = (int)made;
    TRY(check(CSANDBOX_STEP_TEMPLATE_START, made));
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_START,
                    bind(template.runtime_listener, (struct sockaddr *)&place, sizeof place)));
    return check_errno(CSANDBOX_STEP_TEMPLATE_START,
                       listen(template.runtime_listener, RUNTIME_CONNECTIONS_MAX));
}

// One that the program has closed makes room.
static void accept_new(void) {
    char byte;
    for (int i = 0; i < RUNTIME_CONNECTIONS_MAX; i++) {
        int *connection = &template.runtime_connections[i];
        if (*connection >= 0 && recv(*connection, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            forget(connection);
        if (*connection < 0)
            *connection =
                accept4(template.runtime_listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    }
}

// One whole request without a body, and nothing behind it.
static bool is_request(const char *text, size_t size) {
    if (size < sizeof REQUEST_START - 1 || memcmp(text, REQUEST_START, sizeof REQUEST_START - 1))
        return false;
    const char *end = memmem(text, size, REQUEST_END, sizeof REQUEST_END - 1);
    return end && end + sizeof REQUEST_END - 1 == text + size;
}

static bool take_request(int connection) {
    struct sockaddr_in client;
    socklen_t length = sizeof client;
    ssize_t size = recv(connection, template.runtime_request, sizeof template.runtime_request,
                        MSG_PEEK | MSG_DONTWAIT);
    if (size <= 0 || (size_t)size == sizeof template.runtime_request ||
        !is_request(template.runtime_request, (size_t)size) ||
        getpeername(connection, (struct sockaddr *)&client, &length) < 0)
        return false;
    template.runtime_request_size = (size_t)size;
    template.runtime_client = ntohs(client.sin_port);
    return true;
}

bool runtime_has_asked(void) {
    accept_new();
    for (int i = 0; i < RUNTIME_CONNECTIONS_MAX; i++)
        if (template.runtime_connections[i] >= 0 && take_request(template.runtime_connections[i]))
            return true;
    return false;
}

// By its own end alone: the port is in no other connection to this one.
static bool is_connection(int socket) {
    struct sockaddr_in own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    return getsockname(socket, (struct sockaddr *)&own, &own_size) == 0 &&
           getpeername(socket, (struct sockaddr *)&peer, &peer_size) == 0 &&
           own.sin_family == AF_INET && peer.sin_family == AF_INET &&
           ntohl(peer.sin_addr.s_addr) == INADDR_LOOPBACK &&
           ntohs(peer.sin_port) == template.runtime_port &&
           ntohs(own.sin_port) == template.runtime_client;
}

bool runtime_record(struct template_descriptor *found) {
    if (template.runtime_port == 0)
        return false;
    int socket = template_descriptor_get(found->number);
    bool is_recorded = socket >= 0 && is_connection(socket);
    if (is_recorded) {
        found->kind = DESCRIPTOR_RUNTIME;
        socket_record_options(socket, found);
    }
    if (socket >= 0)
        close(socket);
    return is_recorded;
}
