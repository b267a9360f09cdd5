# SPDX-License-Identifier: Apache-2.0
"""The rows that need many sandboxes or many functions; each is a run of its own."""

import http.client
import os
import pathlib
import random
import re
import time

import clients
from report import Report, median
from servers import BenchError

GROWTH_SECONDS_MAX = 120
SEED = 1
# As many as one function may have.
SCHEDULES_EACH = 64
WATCH_SECONDS = 20
# Cold and warm calls take turns in pieces of this many, so that both see the same machine.
CHUNK = 50


def used_bytes():
    """Memory that the whole machine uses, kernel included."""
    fields = dict(re.findall(r"^(\w+):\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text(), re.M))
    return (int(fields["MemTotal"]) - int(fields["MemAvailable"])) * 1024


def _empty_cgroup_bytes(count=500):
    """What an empty memory cgroup costs here and now, or None: it depends on what this kernel has done since its boot."""
    memory = pathlib.Path("/sys/fs/cgroup/memory")
    parent = (memory if memory.is_dir() else memory.parent) / f"mayfly-bench.{os.getpid()}"
    folders = [parent / str(index) for index in range(count)]
    made = []
    try:
        parent.mkdir()
        made.append(parent)
        if not memory.is_dir():
            (parent / "cgroup.subtree_control").write_text("+memory")
        before = used_bytes()
        for folder in folders:
            folder.mkdir()
            made.append(folder)
        return (used_bytes() - before) / count
    except OSError:
        return None
    finally:
        for folder in reversed(made):
            folder.rmdir()


def idle_sandboxes(gateway, program, count):
    """Memory of COUNT warm sandboxes that nobody calls."""
    gateway.deploy_folder("bench-one", program, read_only=False)
    clients.calls_in_a_row(gateway.port, "/function/bench-one", 100)
    time.sleep(2)
    before, processes = used_bytes(), len(gateway.processes())
    own_before = gateway.memory_bytes()
    gateway.deploy_folder("bench-idle", program, read_only=False, concurrency=count, warm=(count, count))
    deadline = time.monotonic() + GROWTH_SECONDS_MAX
    while len(gateway.processes()) < processes + count:
        if time.monotonic() > deadline:
            grown = len(gateway.processes()) - processes
            raise BenchError(f"only {grown} new processes within {GROWTH_SECONDS_MAX} s, {count} sandboxes wanted")
        time.sleep(0.5)
    time.sleep(3)
    report = Report()
    report.add(f"memory of an idle warm sandbox ({count}), whole machine",
               f"{(used_bytes() - before) / count / 1024:.0f} KiB", "≤ 512 KiB", "≤ 256 KiB")
    report.add("the same, processes' proportional set size only",
               f"{(gateway.memory_bytes() - own_before) / count / 1024:.0f} KiB", "", "")
    empty = _empty_cgroup_bytes()
    report.add("an empty memory cgroup of this kernel, of which each has one",
               "not measured: none could be made" if empty is None else f"{empty / 1024:.0f} KiB", "", "")
    return report


def many_functions(gateway, program, count):
    """p50 of calls to COUNT functions in random order, none of them warm, against one that is."""
    gateway.deploy_folder("bench-warm", program, read_only=False)
    image = gateway.image_of("bench-warm")
    names = [f"bench-{index}" for index in range(count)]
    gateway.deploy_many(names, image, {"warm": {"min": 0, "max": 0}})
    time.sleep(3)
    order = random.Random(SEED)
    cold, warm = [], []
    clients.calls_in_a_row(gateway.port, "/function/bench-warm", 50)
    for _ in range(2):
        order.shuffle(names)
        for start in range(0, count, CHUNK):
            cold += [clients.one_call(gateway.port, f"/function/{name}") for name in names[start:start + CHUNK]]
            warm += [clients.one_call(gateway.port, "/function/bench-warm") for _ in range(CHUNK // 2)]
    report = Report()
    report.add(f"{count} functions in random order: p50 ÷ warm p50",
               f"{median(cold) / median(warm):.2f} ({median(cold):.2f} / {median(warm):.2f} ms)", "≤ 4", "≤ 2")
    for what, path, must in (("/metrics", "/metrics", 50), ("the list of functions", "/system/functions", 100)):
        report.add(f"{what} with {count} functions, p50 of 20", f"{median(admin_calls(gateway, path, 20)):.1f} ms",
                   f"≤ {must} ms", "")
    return report


def admin_calls(gateway, path, count):
    """Milliseconds of whole answers to an administrator's GET, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    headers = {"Authorization": gateway.authorization()}
    found = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise BenchError(f"GET {path} was answered {answer.status}")
    connection.close()
    return found


def _processor_seconds(number):
    """Processor time of one process so far."""
    fields = pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_schedules(gateway, program, count):
    """What the gateway's process takes while COUNT schedules wait for the next year."""
    gateway.deploy_folder("bench-schedules", program, read_only=False)
    image = gateway.image_of("bench-schedules")
    schedules = [{"cron": f"{index % 60} {index // 60} 29 2 *", "timezone": "Europe/Berlin"} for index in range(SCHEDULES_EACH)]
    full, rest = divmod(count, SCHEDULES_EACH)
    for name, part in [(f"bench-{index}", schedules) for index in range(full)] + [("bench-rest", schedules[:rest])]:
        if part:
            gateway.deploy_many([name], image, {"warm": {"min": 0, "max": 0}, "schedules": part})
    # Deploys end in records and pools: their work is not the schedules'.
    time.sleep(5)
    before, began = _processor_seconds(gateway.process.pid), time.monotonic()
    time.sleep(WATCH_SECONDS)
    share = (_processor_seconds(gateway.process.pid) - before) / (time.monotonic() - began)
    report = Report()
    report.add(f"processor time of the gateway with {count} schedules, none due, of one core", f"{share * 100:.2f} %",
               "≤ 1 %", "")
    return report
