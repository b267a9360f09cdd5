# SPDX-License-Identifier: Apache-2.0
"""Containers by command: `faasctl run --rm` beside `docker run --rm`, and what a service costs that waits."""

import os
import subprocess
import time

import containers
import scale
import servers
from engine import Engine
from report import Report, median

RUN_IMAGE = "bench-run-rm"
RUNS_PER_ROUND = 10
SERVICES = 50
SETTLE_SECONDS = 3
RUN_SECONDS_MAX = 60


def _image(gateway, work, program, name):
    folder = os.path.join(work, name)
    os.makedirs(folder)
    with open(os.path.join(folder, "hello"), "wb") as copy, open(program, "rb") as source:
        copy.write(source.read())
    os.chmod(os.path.join(folder, "hello"), 0o755)
    with open(os.path.join(folder, "Dockerfile"), "w", encoding="utf-8") as file:
        file.write('FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n')
    gateway.faasctl("build", folder, "-t", name)


def _milliseconds(command, environment):
    """The whole command, from its start to its end."""
    start = time.perf_counter()
    run = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL,
                         timeout=RUN_SECONDS_MAX, check=False)
    taken = (time.perf_counter() - start) * 1e3
    if run.returncode != 0 or b"Hello" not in run.stdout:
        raise servers.BenchError(f"{' '.join(command)} ended with {run.returncode}: {run.stderr[-300:]!r}")
    return taken


def run_and_remove(gateway, work, program, report, rounds):
    """`run --rm` of the same static program with both command lines, in turns."""
    _image(gateway, work, program, RUN_IMAGE)
    ours = [gateway.program, "run", "--rm", "--network", "none", RUN_IMAGE, "/hello"]
    label = "`faasctl run --rm` of a static hello, the whole command ÷ `docker run --rm`"
    engine = Engine(work)
    try:
        engine.start()
        theirs, problem = None, engine.problem
        if not problem:
            theirs = containers.imported(engine.command, work, containers.root_of(work, program))
            problem = containers.problem_of("docker", theirs)
        pairs = []
        for _ in range(rounds):
            for _ in range(RUNS_PER_ROUND):
                pairs.append((_milliseconds(ours, gateway.environment), 0 if problem else _milliseconds(theirs, None)))
        own = median(a for a, _ in pairs)
        measured = f"{own:.1f} ms; docker {problem}" if problem else (
            f"{median(a / b for a, b in pairs):.2f} ({own:.1f} / {median(b for _, b in pairs):.0f} ms; {engine.told})")
        report.add(label, measured, "≤ 0.2", "≤ 0.1")
    finally:
        engine.stop()


def idle_services(gateway, image, command, report):
    """Memory of services that wait, without what their processes have."""
    def start(count):
        return [gateway.faasctl("run", "-d", image, *command).strip() for _ in range(count)]

    first = start(1)
    time.sleep(SETTLE_SECONDS)
    machine, own, known = scale.used_bytes(), gateway.memory_bytes(), set(gateway.processes())
    started = start(SERVICES)
    time.sleep(SETTLE_SECONDS)
    grown, ours = scale.used_bytes() - machine, gateway.memory_bytes() - own
    processes = [one for one in set(gateway.processes()) - known
                 if servers.program_name(one) == os.path.basename(command[0])]
    if len(processes) != SERVICES:
        raise servers.BenchError(f"{len(processes)} of {SERVICES} services run")
    # Of the machine's memory without what it can drop, which the program's file is.
    theirs = sum(servers.private_bytes(one, "Pss_Anon") for one in processes)
    shown = sum(servers.private_bytes(one) for one in processes)
    for one in first + started:
        gateway.faasctl("rm", "-f", one)
    report.add(f"memory of an idle service beside its processes' own ({SERVICES}), whole machine",
               f"{(grown - theirs) / SERVICES / 1024:.0f} KiB", "≤ 1024 KiB", "≤ 512 KiB")
    report.add("the same, of the gateway and its helpers (proportional set size)",
               f"{(ours - shown) / SERVICES / 1024:.0f} KiB", "", "")

