# SPDX-License-Identifier: Apache-2.0
"""Asynchronous calls: how many per second are accepted, each on the disk before its 202."""

import os
import pathlib
import subprocess

import clients
from report import Report, median

FUNCTION = "bench-queue"
PAUSE = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n"
POST = 'wrk.method = "POST"\nwrk.body = "{\\"order\\": 1234567}"\nwrk.headers["Content-Type"] = "application/json"\n'


def compile_pause(work):
    """A static program that waits: what is accepted stays queued, and only the acceptance is measured."""
    source = pathlib.Path(work, "pause.c")
    source.write_text(PAUSE)
    program = os.path.join(work, "pause")
    subprocess.run(["cc", "-static", "-Os", "-s", "-o", program, str(source)], check=True)
    os.chmod(program, 0o755)
    return program


def accept(gateway, work, rounds, seconds):
    """Loads of durable acceptances with 16 connections."""
    gateway.deploy_folder(FUNCTION, compile_pause(work), read_only=True, concurrency=1)
    script = pathlib.Path(work, "post.lua")
    script.write_text(POST)
    url = f"{gateway.url}/async-function/{FUNCTION}"
    loads = []
    for _ in range(rounds):
        loads.append(clients.wrk(url, connections=16, seconds=seconds, script=str(script)))
        # The bound of one function's unfinished calls is not what is measured.
        gateway.faasctl("queue", "purge", "--state", "queued")
    return loads


def row(report, loads):
    """The figure of the specification."""
    report.add("asynchronous calls accepted, durable, 16 connections",
               f"{median(load.per_second for load in loads):.0f} per s "
               f"(p50 {median(load.p50_us for load in loads) / 1000:.1f} ms, "
               f"p99 {median(load.p99_us for load in loads) / 1000:.1f} ms)", "≥ 2,000 per s", "≥ 5,000 per s")


def asynchronous(gateway, work, rounds, seconds):
    """The row alone."""
    report = Report()
    row(report, accept(gateway, work, rounds, seconds))
    return report
