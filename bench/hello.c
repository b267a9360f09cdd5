// SPDX-License-Identifier: Apache-2.0
// What every candidate runs: one write of a short answer in CGI's form, which mod_cgi needs and the others accept.

#include <unistd.h>

int main(void) {
    static const char answer[] = "Content-Type: text/plain\r\n\r\nHello from a fresh process\n";
    return write(1, answer, sizeof answer - 1) == sizeof answer - 1 ? 0 : 1;
}
