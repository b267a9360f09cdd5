# SPDX-License-Identifier: Apache-2.0
"""What a fresh container costs with the usual tools: bwrap, runc, docker, podman. Those that do not work are named."""

import json
import os
import shutil
import subprocess
import tarfile
import time

from engine import Engine

IMAGE = "mayfly-bench-hello"
PROBE_SECONDS_MAX = 20
# Enough for a median; the slow ones would take the whole time else.
RUNS_PER_ROUND = {"bwrap": 30, "runc": 15, "docker": 4, "podman": 4}


def root_of(work, program):
    """The folder that is the root of every tool's container."""
    root = os.path.join(work, "rootfs")
    os.makedirs(root)
    for folder in ("proc", "dev", "sys", "tmp"):
        os.makedirs(os.path.join(root, folder))
    shutil.copy(program, os.path.join(root, "hello"))
    return root


def compare(work, program, rounds, mayfly):
    """Milliseconds of each run by tool, and of Mayfly's calls in the same rounds; a text where a tool fails.

    What else is to be told of a tool stands under "told"."""
    root = root_of(work, program)
    engine = Engine(work)
    try:
        engine.start()
        return _in_rounds(work, root, rounds, mayfly, engine)
    finally:
        engine.stop()


def _in_rounds(work, root, rounds, mayfly, engine):
    callers = {"docker": engine.command, "podman": ["podman"]}
    commands = {
        "bwrap": ["bwrap", "--unshare-all", "--ro-bind", root, "/", "--proc", "/proc", "--dev", "/dev", "/hello"],
        "runc": _runc(work, root),
        "docker": None if engine.problem else imported(callers["docker"], work, root),
        "podman": imported(callers["podman"], work, root),
    }
    found = {"mayfly": [], "told": {"docker": engine.told}}
    for tool, command in commands.items():
        found[tool] = problem_of(tool, command) or []
    found["docker"] = engine.problem or found["docker"]
    for _ in range(rounds):
        for tool, command in commands.items():
            if isinstance(found[tool], list):
                # Before each tool: a hundred calls are over in a tenth of a second, of which one may be a bad one.
                found["mayfly"] += mayfly()
                found[tool] += [_milliseconds(command) for _ in range(RUNS_PER_ROUND[tool])]
    for tool, caller in callers.items():
        if isinstance(found[tool], list):
            subprocess.run([*caller, "rmi", "-f", IMAGE], capture_output=True, check=False)
    return found


def problem_of(tool, command):
    """Why a tool cannot take part, or None."""
    if not shutil.which(tool) or command is None:
        return "not installed"
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS_MAX, check=False,
                             stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "did not end"
    if run.returncode == 0 and "Hello" in run.stdout:
        return None
    said = run.stderr.strip().splitlines()
    return "does not work here: " + (said[0] if said else f"exit code {run.returncode}")[:80]


def _milliseconds(command):
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    os.waitpid(child, 0)
    taken = (time.perf_counter() - start) * 1e3
    os.close(null)
    return taken


def _runc(work, root):
    """A bundle prepared once, so that only the run is measured."""
    if not shutil.which("runc"):
        return None
    bundle = os.path.join(work, "bundle")
    os.makedirs(bundle)
    if subprocess.run(["runc", "spec", "--bundle", bundle], capture_output=True, check=False).returncode != 0:
        return None
    path = os.path.join(bundle, "config.json")
    with open(path, encoding="utf-8") as file:
        configuration = json.load(file)
    configuration["process"].update(terminal=False, args=["/hello"])
    configuration["root"] = {"path": root, "readonly": True}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(configuration, file)
    return ["runc", "run", "--bundle", bundle, f"mayfly-bench-{os.getpid()}"]


def imported(caller, work, root):
    """`run --rm` of an image imported once; None without the tool or its service."""
    if not shutil.which(caller[0]):
        return None
    archive = os.path.join(work, "rootfs.tar")
    if not os.path.exists(archive):
        with tarfile.open(archive, "w") as tar:
            tar.add(root, arcname=".")
    try:
        subprocess.run([*caller, "import", archive, IMAGE], capture_output=True, timeout=PROBE_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return None
    return [*caller, "run", "--rm", "--network", "none", IMAGE, "/hello"]
