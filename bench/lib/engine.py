# SPDX-License-Identifier: Apache-2.0
"""The Docker engine to compare with: the one that answers, or one of this run's own that leaves nothing behind."""

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import servers

ANSWER_SECONDS_MAX = 10
CGROUP_SECONDS_MAX = 2
# Room for the reason in a cell of the table.
PROBLEM_CHARACTERS_MAX = 160
# Folders that engine and containerd fill wherever their data lies; they see empty ones of their own instead, and so
# neither this machine's settings nor a containerd that runs already.
HIDDEN = ("/etc/docker", "/run/docker", "/run/containerd", "/opt/containerd")
# Everything the engine starts is in its PID namespace, every mount in its mount namespace: both end with its first
# process, which ends at the latest with this program.
APART = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
         "--mount-proc")
MOUNT_AND_START = 'for folder in {}; do mount -t tmpfs none "$folder" || exit 1; done; exec docker-init -- "$@"'


class Engine:
    """How `docker` is called; `problem` says why it cannot be, `told` what was measured."""

    def __init__(self, work):
        self.folder = os.path.join(work, "docker")
        self.command = ["docker"]
        self.problem = None
        self.told = ""
        self.process = None
        self.made = []
        self.cgroup = f"mayfly-bench-docker.{os.getpid()}"
        self.environment = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")

    def start(self):
        if not shutil.which("docker"):
            self.problem = "not installed"
        elif not self._answers():
            self._start_own()

    def _answers(self):
        versions = self._ask("version", "engine {{.Server.Version}}, client {{.Client.Version}}")
        storage = versions and self._ask("info", "{{.Driver}}")
        if storage:
            self.told = f"{versions}, {storage}" + (", a service of this run's own" if self.process else "")
        return bool(storage)

    def _ask(self, what, form):
        """What `docker WHAT` says, or None."""
        try:
            run = subprocess.run([*self.command, what, "--format", form], capture_output=True, text=True,
                                 timeout=ANSWER_SECONDS_MAX, check=False)
        except subprocess.TimeoutExpired:
            return None
        return run.stdout.strip() if run.returncode == 0 else None

    def _start_own(self):
        needed = ("dockerd", "docker-init", "containerd", "setpriv", "unshare")
        missing = [tool for tool in needed if not shutil.which(tool, path=self.environment["PATH"])]
        if os.geteuid() != 0 or missing:
            without = f"there is no {missing[0]} to start one" if missing else "only root starts one"
            self.problem = f"no service answers, and {without}"
            return
        os.makedirs(self.folder)
        try:
            for folder in HIDDEN:
                if not os.path.isdir(folder):
                    os.makedirs(folder)
                    self.made.append(folder)
        except OSError as error:
            self.problem = f"no service answers, and one of its own cannot have {error.filename}: {error.strerror}"
            return
        socket, log = os.path.join(self.folder, "docker.sock"), os.path.join(self.folder, "log")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [*APART, "sh", "-c", MOUNT_AND_START.format(" ".join(HIDDEN)), "sh", *self._dockerd(socket)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environment, start_new_session=True)
        self.command = ["docker", "--host", "unix://" + socket]
        deadline = time.monotonic() + servers.START_SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < deadline:
            if os.path.exists(socket) and self._answers():
                return
            time.sleep(0.1)
        said = pathlib.Path(log).read_text(errors="replace").strip().splitlines() or ["nothing"]
        how = f"did not answer within {servers.START_SECONDS_MAX} s" if self.process.poll() is None else "ended"
        self.problem = f"dockerd {how}: {said[-1].replace('|', '/')[-PROBLEM_CHARACTERS_MAX:]}"
        self.stop()

    def _dockerd(self, socket):
        """Its own folders and cgroup; no network, which no container here has; everything else as it comes."""
        return ["dockerd", "--host", "unix://" + socket, "--data-root", os.path.join(self.folder, "data"),
                "--exec-root", os.path.join(self.folder, "exec"), "--pidfile", os.path.join(self.folder, "pid"),
                "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/" + self.cgroup,
                "--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"]

    def stop(self):
        if self.process:
            self._end_processes()
        for top in glob.glob(f"/sys/fs/cgroup/{self.cgroup}") + glob.glob(f"/sys/fs/cgroup/*/{self.cgroup}"):
            for folder, _, _ in os.walk(top, topdown=False):
                _remove_cgroup(folder)
        for folder in self.made:
            with contextlib.suppress(OSError):  # Not empty: somebody else's by now.
                os.rmdir(folder)

    def _end_processes(self):
        """Asks the namespace's first process, then kills it; `unshare` ends when all of the namespace has ended."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            _, *below = servers.processes_below(self.process.pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(below[0] if below else self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(servers.STOP_SECONDS_MAX)
        if self.process.poll() is None:
            print(f"bench: dockerd does not end; 'unshare' is process {self.process.pid}", file=sys.stderr)


def _remove_cgroup(folder):
    """The kernel refuses for a moment after the last process in it has ended."""
    deadline = time.monotonic() + CGROUP_SECONDS_MAX
    while True:
        try:
            return os.rmdir(folder)
        except OSError as error:
            if time.monotonic() > deadline:
                return print(f"bench: cannot remove {folder}: {error.strerror}", file=sys.stderr)
            time.sleep(0.02)
