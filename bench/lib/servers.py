# SPDX-License-Identifier: Apache-2.0
"""The HTTP servers under measurement: starting, filling, weighing and stopping them."""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.request

ANSWER_SECONDS_MAX = 30
START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 15


class BenchError(Exception):
    """The benchmark cannot go on; its text is for the user."""


def compile_hello(work):
    """The static program that every candidate runs."""
    source = pathlib.Path(__file__).resolve().parent.parent / "hello.c"
    program = os.path.join(work, "hello")
    subprocess.run(["cc", "-static", "-Os", "-s", "-o", program, str(source)], check=True)
    os.chmod(program, 0o755)
    return program


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_answers(url, process, log, context=None):
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2, context=context) as answer:
                if answer.status < 500:
                    return
        except OSError:
            time.sleep(0.05)
    said = pathlib.Path(log).read_text(errors="replace")[-2000:]
    raise BenchError(f"nothing answers at {url}; the server said:\n{said}")


def stop_process(process):
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def processes_below(top):
    """Process numbers of TOP, of a child of it if there is one, and of everything else below it."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path("/proc", entry, "stat").read_text()
        except OSError:
            continue
        parent = int(stat.rpartition(")")[2].split()[1])
        children.setdefault(parent, []).append(int(entry))
    found, open_ = [], [top]
    while open_:
        current = open_.pop()
        found.append(current)
        open_.extend(children.get(current, []))
    return found


def private_bytes(number, field="Pss"):
    """Memory that only this process has, and its share of what it has with others; 0 when it has ended."""
    try:
        rollup = pathlib.Path("/proc", str(number), "smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s+(\d+) kB", rollup, re.M)
    return int(found[1]) * 1024 if found else 0


def program_name(number):
    """The name of a process; empty when it has ended."""
    try:
        return pathlib.Path("/proc", str(number), "comm").read_text().strip()
    except OSError:
        return ""


class Lighttpd:
    """lighttpd with mod_cgi: a fork per request, no isolation."""

    def __init__(self, work, program):
        self.folder = os.path.join(work, "lighttpd")
        self.program = program
        self.process = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        www = os.path.join(self.folder, "www")
        os.makedirs(www)
        shutil.copy(self.program, os.path.join(www, "hello.cgi"))
        configuration = os.path.join(self.folder, "lighttpd.conf")
        pathlib.Path(configuration).write_text(
            'server.modules = ("mod_cgi")\n'
            f'server.document-root = "{www}"\n'
            f"server.port = {self.port}\n"
            'server.bind = "127.0.0.1"\n'
            "server.max-keep-alive-requests = 0\n"
            'cgi.assign = (".cgi" => "")\n')
        log = os.path.join(self.folder, "log")
        path = os.environ["PATH"] + ":/usr/sbin"
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [shutil.which("lighttpd", path=path), "-D", "-f", configuration], stdout=output, stderr=output)
        wait_until_answers(self.url + "/hello.cgi", self.process, log)

    def stop(self):
        stop_process(self.process)


class Nginx:
    """nginx as a reverse proxy in front of COUNT processes of one server, with connections that it keeps."""

    def __init__(self, work, command, count):
        self.folder = os.path.join(work, "nginx")
        self.command = command
        self.ports = [free_port() for _ in range(count)]
        self.processes = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        os.makedirs(self.folder)
        configuration = os.path.join(self.folder, "nginx.conf")
        upstream = "".join(f"server 127.0.0.1:{port};" for port in self.ports)
        pathlib.Path(configuration).write_text(
            f"daemon off; worker_processes auto; pid {self.folder}/pid; error_log stderr;\n"
            "events { worker_connections 1024; }\n"
            "http {\n"
            "    access_log off; keepalive_requests 1000000000;\n"
            f"    upstream same {{ {upstream} keepalive 64; }}\n"
            f"    server {{ listen 127.0.0.1:{self.port}; location / {{ proxy_pass http://same;"
            ' proxy_http_version 1.1; proxy_set_header Connection ""; } }\n'
            "}\n")
        log = os.path.join(self.folder, "log")
        path = os.environ["PATH"] + ":/usr/sbin"
        commands = [[*self.command, str(port)] for port in self.ports]
        commands.append([shutil.which("nginx", path=path), "-p", self.folder, "-c", configuration])
        with open(log, "wb") as output:
            for command in commands:
                self.processes.append(subprocess.Popen(command, stdout=output, stderr=output))
        for port in [*self.ports, self.port]:
            wait_until_answers(f"http://127.0.0.1:{port}/", self.processes[-1], log)

    def stop(self):
        for process in reversed(self.processes):
            stop_process(process)


class Gateway:
    """`faasctl serve` with a data folder of its own, and the command line to it."""

    def __init__(self, work, program, options):
        self.work = work
        self.program = os.path.realpath(program)
        self.options = options
        self.process = None
        self.context = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.use(os.path.join(work, "data"))

    def use(self, data):
        """Takes another data folder from the next start on."""
        self.data = data
        self.environment = dict(os.environ, MAYFLY_DATA_DIR=data, FAASCTL_GATEWAY=self.url)

    def start(self):
        os.makedirs(self.data)
        log = os.path.join(self.work, "gateway.log")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", self.data, *self.options],
                stdout=output, stderr=output, env=self.environment)
        wait_until_answers(self.url + "/healthz", self.process, log, self.context)

    def stop(self):
        stop_process(self.process)

    def faasctl(self, *words):
        run = subprocess.run([self.program, *words], env=self.environment, capture_output=True, text=True,
                             timeout=120, check=False)
        if run.returncode != 0:
            raise BenchError(f"faasctl {' '.join(words)} ended with {run.returncode}: {run.stderr.strip()}")
        return run.stdout

    def deploy_folder(self, name, program, read_only, queue_length=None, concurrency=None, warm=None):
        folder = os.path.join(self.work, name)
        os.makedirs(folder)
        shutil.copy(program, os.path.join(folder, "hello"))
        pathlib.Path(folder, "Dockerfile").write_text('FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n')
        lines = [f"name: {name}", "build: .", f"readonly_root_filesystem: {str(read_only).lower()}"]
        if queue_length:
            lines.append(f"queue: {{length: {queue_length}, wait: 10s}}")
        if concurrency:
            lines.append(f"concurrency: {concurrency}")
        if warm:
            lines.append(f"warm: {{min: {warm[0]}, max: {warm[1]}}}")
        pathlib.Path(folder, "function.yaml").write_text("\n".join(lines) + "\n")
        self.faasctl("deploy", folder)

    def deploy_image(self, name, image):
        self.faasctl("deploy", name, "--image", image)

    def authorization(self):
        """The field of the administrator that the first start made."""
        secrets = pathlib.Path(self.data, "secrets")
        user, password = ((secrets / f"basic-auth-{part}").read_text().strip() for part in ("user", "password"))
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def deploy_many(self, names, image, configuration):
        """As `faasctl deploy --image` for each name, over one connection."""
        headers = {"Authorization": self.authorization(), "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX)
        for name in names:
            body = json.dumps({"service": name, "image": image, "mayfly": configuration})
            connection.request("POST", "/system/functions", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status not in (200, 202):
                raise BenchError(f"deploying {name} was answered {answer.status}: {text[:300]!r}")
        connection.close()

    def image_of(self, name):
        """The reference that a deployed function's image has."""
        found = re.search(rf'"image"\s*:\s*"([^"]+)"', self.faasctl("describe", name, "--output", "json"))
        if not found:
            raise BenchError(f"'faasctl describe {name}' names no image")
        return found[1].replace("\\/", "/")

    def processes(self):
        """Process numbers of the gateway and everything below it."""
        return processes_below(self.process.pid)

    def memory_bytes(self, settle_seconds=0):
        """Proportional set size of the gateway and everything below it."""
        time.sleep(settle_seconds)
        return sum(private_bytes(number) for number in self.processes())
