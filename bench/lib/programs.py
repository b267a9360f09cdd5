# SPDX-License-Identifier: Apache-2.0
"""Perl and PHP functions copied from one started process, against the same without; and what a waiting copy takes."""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import time

import ahead
import clients
import copies
from report import Report, median
from servers import BenchError

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
TAG = "bench-debian:latest"
SETTLE_SECONDS = 2
COPIES = 5
# Each imports what a small function of its language does.
PROGRAMS = {
    "Perl": (["perl"], "handler.pl", """use POSIX; use List::Util qw(sum); use Data::Dumper;
my $text = join "", <STDIN>;
print "{\\"pid\\": $$}";
STDOUT->flush(); POSIX::_exit(0);
"""),
    "PHP": (["php"], "handler.php", """<?php
$text = stream_get_contents(STDIN);
echo json_encode(["pid" => getmypid()]);
"""),
}


def build_base(gateway, work):
    """The Debian root of the tests, beside the build of the program, as an image."""
    base = os.path.join(os.path.dirname(os.path.dirname(gateway.program)), "debian-base.tar")
    made = subprocess.run([REPOSITORY / "scripts/debian-base", base], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise BenchError(f"scripts/debian-base: {made.stderr.strip()}")
    folder = os.path.join(work, "bench-debian")
    os.makedirs(folder)
    shutil.copyfile(base, os.path.join(folder, "base.tar"))
    pathlib.Path(folder, "Dockerfile").write_text("FROM scratch\nADD base.tar /\n")
    gateway.faasctl("build", folder, "-t", TAG)


def deploy(gateway, work, language):
    """The same program twice: copied, and started for each call. Returns their names."""
    words, file, source = PROGRAMS[language]
    names = []
    for kind, key in (("copied", "true"), ("started", "false")):
        name = f"bench-{language.lower()}-{kind}"
        folder = os.path.join(work, name)
        os.makedirs(folder)
        pathlib.Path(folder, file).write_text(source)
        command = ", ".join(f'"{word}"' for word in words + ["/" + file])
        gateway.faasctl("deploy", ahead.write_function(
            folder, f"FROM {TAG}\nCOPY {file} /\nCMD [{command}]\n",
            f"name: {name}\nbuild: .\nprestart: true\ntemplate: {key}\nwarm: {{min: 0, max: 8}}\n"))
        names.append(name)
    return names


def rates(gateway, work, report, rounds, seconds):
    build_base(gateway, work)
    for language in PROGRAMS:
        copied, started = (f"{gateway.url}/function/{name}" for name in deploy(gateway, work, language))
        clients.wrk(copied, 8, 2)  # until slots have templates
        found = [tuple(clients.wrk(url, 8, 2 * seconds).per_second for url in (copied, started))
                 for _ in range(max(1, rounds // 3))]
        report.add(f"sustained rate of a {language} function with a template ÷ without",
                   f"{median(a / b for a, b in found):.1f} "
                   f"({median(a for a, _ in found):.0f} / {median(b for _, b in found):.0f} per s)", "≥ 3", "≥ 5")


def status(number):
    text = pathlib.Path(f"/proc/{number}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def waiting_copies(gateway, word):
    """Processes of the gateway's that execute a program with this argument, are PID 1, and are no template."""
    found = []
    for number in gateway.processes():
        try:
            words = pathlib.Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
            facts = status(number)
        except OSError:
            continue
        if word in words and facts["NSpid"].split()[-1] == "1" and facts["TracerPid"].strip() == "0":
            found.append(number)
    return found


def private_kib(number):
    """What it shares with no other process: what ends with it."""
    text = pathlib.Path(f"/proc/{number}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))


def charge_file(number):
    """The file with the charge of its memory cgroup; None where memory is not counted."""
    for line in pathlib.Path(f"/proc/{number}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for folder in glob.glob(f"/sys/fs/cgroup/memory{path}" if names == "memory" else f"/sys/fs/cgroup{path}"):
            for file in ("memory.usage_in_bytes", "memory.current"):
                if (names in ("memory", "")) and os.path.exists(os.path.join(folder, file)):
                    return os.path.join(folder, file)
    return None


def charge_kib(file):
    """The charge without what processors hold in reserve for it, where the kernel can be told to give that back."""
    drain = os.path.join(os.path.dirname(file), "memory.force_empty")
    if os.path.exists(drain):
        pathlib.Path(drain).write_text("0")
    return int(pathlib.Path(file).read_text()) / 1024


def charge_of_copy(gateway, number):
    """How much less its slot is charged once it is gone; the gateway is stopped meanwhile, so that none follows."""
    file = charge_file(number)
    if file is None:
        return None
    os.kill(gateway.process.pid, signal.SIGSTOP)
    try:
        before = charge_kib(file)
        os.kill(number, signal.SIGKILL)
        end = time.monotonic() + SETTLE_SECONDS
        while os.path.exists(f"/proc/{number}") and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(SETTLE_SECONDS)  # namespaces and mounts are freed later
        return before - charge_kib(file)
    finally:
        os.kill(gateway.process.pid, signal.SIGCONT)


def memory(gateway, name, word, report):
    """What a copy of the function takes that waits for its request, and its slot's charge for it."""
    private, charged = [], []
    for _ in range(COPIES):
        clients.wrk(f"{gateway.url}/function/{name}", 4, 1)
        time.sleep(SETTLE_SECONDS)
        copies = waiting_copies(gateway, word)
        if not copies:
            raise BenchError(f"no copy of {name} waits")
        private += [private_kib(number) for number in copies]
        charged.append(charge_of_copy(gateway, copies[0]))
    report.add("private memory of a waiting copy of a Python template", f"{median(private):.0f} KiB", "≤ 256 KiB", "≤ 64 KiB")
    if None not in charged:
        report.add("what its slot's memory cgroup is charged less without it, kernel memory included", f"{median(charged):.0f} KiB",
                   "≤ 256 KiB", "≤ 64 KiB")


def programs(gateway, work, rounds, seconds):
    """The rows of all of them."""
    report = Report()
    rates(gateway, work, report, rounds, seconds)
    copies.deploy(gateway, work)
    memory(gateway, "bench-copied", "/program.py", report)
    return report
