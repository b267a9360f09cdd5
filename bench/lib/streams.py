# SPDX-License-Identifier: Apache-2.0
"""Server-sent events: how long after the function wrote an event the client has it."""

import os
import pathlib
import socket
import subprocess
import time

from report import Report
from servers import BenchError

NAME = "bench-events"
EVENTS = 500
PAUSE_MS = 4
# Each event holds the time of its write: CLOCK_MONOTONIC is the host's in every container without a time namespace.
SOURCE = """
#include <stdio.h>
#include <time.h>
int main(void) {
    for (int i = 0; i < %d; i++) {
        struct timespec now, pause = {0, %d * 1000000L};
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        printf("data: %%lld\\n\\n", now.tv_sec * 1000000000LL + now.tv_nsec);
        fflush(stdout);
    }
}
""" % (EVENTS, PAUSE_MS)


def compile_source(work):
    source = pathlib.Path(work, "events.c")
    source.write_text(SOURCE)
    program = os.path.join(work, "events")
    subprocess.run(["cc", "-static", "-Os", "-s", "-o", program, str(source)], check=True)
    os.chmod(program, 0o755)
    return program


def delays(gateway):
    """Milliseconds from each event's write to its arrival, of one stream."""
    found, text = [], b""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(f"GET /function/{NAME} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n"
                           "Connection: close\r\n\r\n".encode())
        while piece := connection.recv(65536):
            arrived = time.monotonic_ns()
            text += piece
            *whole, text = text.split(b"\n\n")
            for event in whole:
                _, marked, written = event.rpartition(b"data: ")
                if marked:
                    found.append((arrived - int(written)) / 1e6)
    if len(found) != EVENTS:
        raise BenchError(f"{len(found)} of {EVENTS} events arrived; the answer ends with {text[-200:]!r}")
    return found


def streams(gateway, work, rounds):
    """The one row: percentiles over the events of all rounds."""
    gateway.deploy_folder(NAME, compile_source(work), read_only=True)
    delays(gateway)
    found = sorted(delay for _ in range(rounds) for delay in delays(gateway))
    report = Report()
    report.add(f"a server-sent event reaches the client after its write, p99 of {len(found)}",
               f"{found[len(found) * 99 // 100]:.2f} ms (p50 {found[len(found) // 2]:.2f}, max {found[-1]:.2f})",
               "≤ 2 ms", "≤ 1 ms")
    return report
