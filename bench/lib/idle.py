# SPDX-License-Identifier: Apache-2.0
"""What idle connections cost: the gateway's memory, and other callers' time."""

import resource
import socket
import time

import clients
from report import Report, median
from servers import BenchError

CONNECT_SECONDS_MAX = 30
CALLS = 300
NEW_CALLS = 100
# Descriptors of this program besides the connections.
SPARE_DESCRIPTORS = 256
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n"


def _raise_limit(count):
    """Lets this program have COUNT connections."""
    wanted = count + SPARE_DESCRIPTORS
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, most)))
    except (ValueError, OSError) as error:
        raise BenchError(f"{count} connections need {wanted} descriptors: {error}") from error


def _open(port, count):
    """COUNT connections; every second one has had an answer."""
    found = []
    for index in range(count):
        # From several addresses of this machine: one has 28,000 ports.
        source = (f"127.0.0.{2 + index // 20_000}", 0)
        connection = socket.create_connection(("127.0.0.1", port), CONNECT_SECONDS_MAX, source)
        if index % 2:
            connection.sendall(REQUEST)
        found.append(connection)
    return found


def _closed(connections):
    """How many of them the gateway has closed; answers that are there are read."""
    count = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            while True:
                if not connection.recv(65536):
                    count += 1
                    break
        except BlockingIOError:
            pass
        except OSError:
            count += 1
    return count


def idle_connections(gateway, program, count):
    """Memory of COUNT connections that send nothing, and p50 of other callers beside them."""
    _raise_limit(count)
    gateway.deploy_folder("bench-idle", program, read_only=False)
    path = "/function/bench-idle"

    def measure():
        kept = median(clients.calls_in_a_row(gateway.port, path, CALLS))
        return kept, median([clients.one_call(gateway.port, path) for _ in range(NEW_CALLS)])

    clients.calls_in_a_row(gateway.port, path, CALLS)
    kept, new = measure()
    memory = gateway.memory_bytes(settle_seconds=2)
    began = time.monotonic()
    connections = _open(gateway.port, count)
    opened = time.monotonic() - began
    first = clients.one_call(gateway.port, path)
    kept_beside, new_beside = measure()
    grown = gateway.memory_bytes(settle_seconds=2) - memory
    held = count - _closed(connections)
    for connection in connections:
        connection.close()
    if not held:
        raise BenchError("the gateway holds none of the connections")
    report = Report()
    report.add(f"{count} idle connections: held, the others closed to make room", f"{held}", "", "")
    report.add("time until all were accepted", f"{opened:.1f} s", "", "")
    report.add("memory of one that is held", f"{grown / held / 1024:.1f} KiB", "≤ 32 KiB", "≤ 20 KiB")
    report.add("the first call beside them, on a new connection", f"{first:.2f} ms", "", "")
    for what, with_them, without in (("kept", kept_beside, kept), ("new", new_beside, new)):
        report.add(f"p50 of calls beside them ÷ without, {what} connections",
                   f"{with_them / without:.2f} ({with_them:.2f} / {without:.2f} ms)", "≤ 2", "≤ 1.1")
    return report
