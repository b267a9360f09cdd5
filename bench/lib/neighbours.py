# SPDX-License-Identifier: Apache-2.0
"""Latency of one function while another takes what it can get: a row for each way to do so."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import clients
from report import Report, median
from servers import BenchError

# One call takes about a millisecond; neighbours that end within one are called some hundred times meanwhile.
CALLS = 300
# Until the neighbour's first call is on its way.
SETTLE_SECONDS = 0.3
# Of neighbours that go on when their callers are gone, until their grace is over.
CALM_SECONDS = 2

# Name, script, configuration, callers at once.
NEIGHBOURS = (
    ("fork bomb", "f() { f | f & }; while :; do f; /bin/busybox usleep 1000; done",
     "limits: {pids: 64}\ntimeout: 2s", 1),
    ("memory hog", "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done", "limits: {memory: 64Mi}", 1),
    ("disk filler", "exec /bin/busybox cp /dev/zero /tmp/file", "limits: {disk: 32Mi}", 1),
    ("output flood", "exec /bin/busybox cat /dev/zero", "limits: {output: 16Mi}", 1),
    ("four output floods", "exec /bin/busybox cat /dev/zero", "limits: {output: 16Mi}", 4),
    ("ignored SIGTERM", "trap '' TERM; while :; do :; done", "timeout: 1s\ngrace: 500ms", 1),
)


def _deploy(gateway, label, script, configuration):
    name = "bench-" + label.replace(" ", "-").lower()
    folder = pathlib.Path(gateway.work, name)
    folder.mkdir()
    busybox = shutil.which("busybox")
    if not busybox:
        raise BenchError("busybox is missing; scripts/bootstrap installs it")
    shutil.copy(busybox, folder / "busybox")
    (folder / "run.sh").write_text("#!/bin/busybox sh\n" + script + "\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "Dockerfile").write_text(
        'FROM scratch\nCOPY busybox /bin/busybox\nCOPY run.sh /run.sh\nCMD ["/run.sh"]\n')
    (folder / "function.yaml").write_text(f"name: {name}\nbuild: .\n{configuration}\n")
    gateway.faasctl("deploy", str(folder))
    return name


@contextlib.contextmanager
def _callers(gateway, name, count):
    """Programs of their own that call a function again and again and throw the answers away."""
    words = ["curl", "--silent", "--output", os.devnull, f"{gateway.url}/function/{name}?[1-1000000]"]
    callers = [subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
        if any(caller.poll() is not None for caller in callers):
            raise BenchError(f"curl ended before {name} was measured")
    finally:
        for caller in callers:
            caller.kill()
            caller.wait()


def neighbours(gateway, program, rounds):
    """p50 and 90th percentile of a function's latency beside each neighbour, divided by those before it came."""
    gateway.deploy_folder("bench-hello", program, read_only=False)
    report = Report()
    for label, script, configuration, count in NEIGHBOURS:
        name = _deploy(gateway, label, script, configuration)
        ratios = []
        for _ in range(rounds):
            alone = sorted(clients.calls_in_a_row(gateway.port, "/function/bench-hello", CALLS))
            with _callers(gateway, name, count):
                time.sleep(SETTLE_SECONDS)
                beside = sorted(clients.calls_in_a_row(gateway.port, "/function/bench-hello", CALLS))
            ratios.append([beside[len(beside) * part // 10] / alone[len(alone) * part // 10] for part in (5, 9)])
            time.sleep(CALM_SECONDS)
        middle, late = (median(column) for column in zip(*ratios))
        report.add(f"latency beside a function, ÷ alone: {label}", f"p50 {middle:.2f}, p90 {late:.2f}", "p50 ≤ 2", "")
    return report
