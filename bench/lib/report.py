# SPDX-License-Identifier: Apache-2.0
"""The table: one row per figure, with what must be reached and what is aimed at (docs/SPECIFICATION.md)."""

import os
import pathlib
import platform
import re
import statistics

median = statistics.median


def machine(options):
    """One line that names the machine and the run."""
    model = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(), re.M)
    return (f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), "
            f"{int(memory[1]) / 2**20:.1f} GiB, Linux {platform.release()}, cgroup {_cgroup_mode()}, "
            f"{'root' if os.geteuid() == 0 else 'ordinary user'}, {options.rounds} rounds"
            + (f" of {options.seconds:g} s" if options.seconds else ""))


def _cgroup_mode():
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return "v2"
    return "v1, hybrid" if os.path.exists("/sys/fs/cgroup/unified") else "v1"


class Report:
    """Rows of figure, measured, must, aim."""

    def __init__(self):
        self.rows = []

    def add(self, figure, measured, must, aim):
        self.rows.append((figure, measured, must, aim))

    def markdown(self):
        lines = ["| figure | measured | must reach | aim |", "| --- | --- | --- | --- |"]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines)

    def http(self, single, loaded, writable, read_only):
        """Medians over the rounds, of the figures and of each round's own ratio to lighttpd's."""
        def row(figure, loads, name, value, unit, must="", aim=""):
            ratio = median(value(ours) / value(theirs) for ours, theirs in zip(loads[name], loads["lighttpd"]))
            ours, theirs = (median(map(value, loads[each])) for each in (name, "lighttpd"))
            self.add(figure, f"{ratio:.2f} ({ours:.0f} / {theirs:.0f} {unit})", must, aim)

        roots = ((writable, "writable root", "≥ 0.65", "≥ 0.9"), (read_only, "read-only root", "≥ 0.75", "≥ 1.0"))
        for name, label, *_ in roots:
            row(f"p50 with 1 connection ÷ lighttpd mod_cgi's, {label}", single, name, lambda load: load.p50_us, "µs",
                "≤ 1.25", "≤ 1.0")
        for name, label, *_ in roots:
            row(f"p99 with 1 connection ÷ lighttpd mod_cgi's, {label}", single, name, lambda load: load.p99_us, "µs")
        for name, label, must, aim in roots:
            row(f"throughput with 16 connections ÷ lighttpd mod_cgi's, {label}", loaded, name,
                lambda load: load.per_second, "per s", must, aim)
        for name, label, *_ in roots:
            self.add(f"p99 ÷ p50 with 16 connections, {label}",
                     f"{median(load.p99_us / load.p50_us for load in loaded[name]):.2f}", "≤ 4", "≤ 2.5")

    def first_call(self, first_ms, warm_ms):
        self.add("first call ever of a deployed function ÷ its warm p50",
                 f"{first_ms / warm_ms:.2f} ({first_ms:.2f} / {warm_ms:.2f} ms)", "≤ 4", "≤ 2")

    def containers(self, found):
        ours = median(found["mayfly"])
        names = {"bwrap": "bwrap --unshare-all", "runc": "runc run", "docker": "docker run --rm",
                 "podman": "podman run --rm"}
        targets = {"runc": ("≥ 20", "≥ 35"), "docker": ("≥ 200", "≥ 350")}
        for tool, label in names.items():
            must, aim = targets.get(tool, ("", ""))
            runs = found[tool]
            measured = runs if isinstance(runs, str) else f"{median(runs) / ours:.1f} ({median(runs):.1f} / {ours:.2f} ms)"
            if tool in found["told"] and not isinstance(runs, str):
                measured += "; " + found["told"][tool]
            self.add(f"{label} ÷ ours, p50", measured, must, aim)

    def memory(self, idle_bytes):
        self.add("memory of the idle gateway + spawner", f"{idle_bytes / 2**20:.1f} MiB", "≤ 64 MiB", "≤ 40 MiB")

    def burst(self, bursts, count):
        bad = sum(status != 200 for statuses, _ in bursts for status in statuses)
        times = [milliseconds for _, milliseconds in bursts]
        told = "all answered 200" if bad == 0 else f"{bad} of {count * len(bursts)} not answered 200"
        self.add(f"burst of {count} calls at once on an idle gateway: {told}, last one within",
                 f"{median(times):.0f} ms (worst of {len(times)}: {max(times):.0f} ms)", "500 ms", "200 ms")
