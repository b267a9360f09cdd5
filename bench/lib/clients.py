# SPDX-License-Identifier: Apache-2.0
"""Load generators: wrk for latency and throughput, raw sockets for first calls and bursts."""

import re
import selectors
import socket
import subprocess
import time
from dataclasses import dataclass

from servers import BenchError

CALL_SECONDS_MAX = 30
CONTENT_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass
class Load:
    """One load by wrk."""
    p50_us: float
    p99_us: float
    per_second: float


def wrk(url, connections, seconds, script=None):
    """Keep-alive connections, one thread, every answer 2xx, or BenchError."""
    run = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "--timeout", "10s",
         *(["-s", script] if script else []), url],
        capture_output=True, text=True, timeout=seconds + 60, check=False)
    text = run.stdout
    if run.returncode != 0 or "Non-2xx" in text or "Socket errors" in text:
        raise BenchError(f"wrk on {url} with {connections} connections:\n{text}{run.stderr}")
    percentiles = dict(re.findall(r"^\s+(50|99)%\s+([\d.]+\w+)\s*$", text, re.M))
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if not rate or len(percentiles) != 2:
        raise BenchError(f"wrk said what this script does not understand:\n{text}")
    return Load(_microseconds(percentiles["50"]), _microseconds(percentiles["99"]), float(rate[1]))


def _microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def one_call(port, path):
    """Milliseconds of one call on a new connection."""
    return calls_in_a_row(port, path, 1)[0]


def calls_in_a_row(port, path, count):
    """Milliseconds of each of COUNT calls on one connection, one after the other.

    By a socket alone: Python's HTTP client takes a tenth of a millisecond for itself.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=CALL_SECONDS_MAX) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            start = time.perf_counter()
            connection.sendall(request)
            answer = _whole_answer(connection, path)
            found.append((time.perf_counter() - start) * 1e3)
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise BenchError(f"{path} answered {answer[:400]!r}")
    return found


def _whole_answer(connection, path):
    """Head and body of an answer that tells its length."""
    answer = b""
    while True:
        piece = connection.recv(65536)
        answer += piece
        head, blank_line, body = answer.partition(b"\r\n\r\n")
        length = CONTENT_LENGTH.search(head) if blank_line else None
        if length and len(body) >= int(length[1]):
            return answer
        if not piece or (blank_line and not length):
            raise BenchError(f"{path} gave no whole answer with a length: {answer[:400]!r}")


def burst(port, path, count, idle_seconds=1.5):
    """Sends COUNT requests at once, each on its own open connection.

    Returns the statuses and the milliseconds until the last answer had begun.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=CALL_SECONDS_MAX) for _ in range(count)]
    time.sleep(idle_seconds)
    statuses = []
    with selectors.DefaultSelector() as selector:
        start = time.perf_counter()
        for each in sockets:
            each.sendall(request)
            selector.register(each, selectors.EVENT_READ)
        while len(statuses) < count:
            ready = selector.select(timeout=CALL_SECONDS_MAX)
            if not ready:
                raise BenchError(f"burst: only {len(statuses)} of {count} answers within {CALL_SECONDS_MAX} s")
            for key, _ in ready:
                head = key.fileobj.recv(4096)
                statuses.append(int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0)
                selector.unregister(key.fileobj)
        milliseconds = (time.perf_counter() - start) * 1e3
    for each in sockets:
        each.close()
    return statuses, milliseconds
