# SPDX-License-Identifier: Apache-2.0
"""Programs that are started before their request: a static program with and without, and a Python server against CGI."""

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import clients
import servers
from report import Report, median

PAUSE_SECONDS = 0.15
CALLS = 30
# Processes of the server that is used again: one for each processor of the smallest machine.
SERVERS = 2
# The Runtime API of AWS Lambda as its clients use it, with the standard library.
RUNTIME = """import json, urllib.request, os
import http.client
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    event = json.loads(answer.read())
    name = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    body = json.dumps({"statusCode": 200, "body": json.dumps({"pid": os.getpid(), "path": event["rawPath"]})})
    api.request("POST", f"/2018-06-01/runtime/invocation/{name}/response", body)
    api.getresponse().read()
"""
WAIT_SOURCE = """
#include <unistd.h>
int main(void) {
    char byte;
    while (read(0, &byte, 1) > 0) {}
    static const char answer[] = "Hello from a fresh process\\n";
    return write(1, answer, sizeof answer - 1) == sizeof answer - 1 ? 0 : 1;
}
"""
IMPORTS = "import json, urllib.request, os\n"
CGI = "#!{python}\n" + IMPORTS + 'print("Content-Type: application/json\\n\\n" + json.dumps({{"pid": os.getpid()}}))\n'
SERVER = IMPORTS + """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    def do_GET(self):
        body = json.dumps({"pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 8000), Handler).serve_forever()
"""


def write_function(folder, dockerfile, configuration):
    pathlib.Path(folder, "Dockerfile").write_text(dockerfile)
    pathlib.Path(folder, "function.yaml").write_text(configuration)
    return folder


def deploy_waiting(gateway, work):
    """The same static program twice: started with its request, and before it."""
    source = pathlib.Path(work, "wait.c")
    source.write_text(WAIT_SOURCE)
    for name, key in (("bench-with", "false"), ("bench-before", "true")):
        folder = os.path.join(work, name)
        os.makedirs(folder)
        program = os.path.join(folder, "wait")
        subprocess.run(["cc", "-static", "-Os", "-s", "-o", program, str(source)], check=True)
        os.chmod(program, 0o755)
        gateway.faasctl("deploy", write_function(
            folder, 'FROM scratch\nCOPY wait /wait\nCMD ["/wait"]\n',
            f"name: {name}\nbuild: .\nprestart: {key}\nreadonly_root_filesystem: true\n"))


def copy_python(root):
    """This machine's interpreter, its libraries and its modules, as an image's root."""
    python = os.path.realpath(sys.executable)
    modules = os.path.dirname(os.__file__)
    extensions = glob.glob(os.path.join(modules, "lib-dynload", "*.so"))
    listed = subprocess.run(["ldd", python, *extensions], capture_output=True, text=True, check=False).stdout
    files = {python, *re.findall(r"(/\S+) \(0x", listed)}
    for path in files:
        if os.path.isfile(path):
            target = root + path
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(path, target)
    shutil.copytree(modules, root + modules, dirs_exist_ok=True, symlinks=False, ignore_dangling_symlinks=True,
                    ignore=shutil.ignore_patterns("test", "dist-packages", "site-packages", "idlelib", "tkinter"))
    subprocess.run([python, "-m", "compileall", "-q", "-f", root + modules],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return python


def deploy_server(gateway, work):
    """A Python server, fresh for each request, the same copied from a template, and the same with `reuse`."""
    folder = os.path.join(work, "bench-server")
    os.makedirs(folder)
    python = copy_python(os.path.join(folder, "root"))
    pathlib.Path(folder, "server.py").write_text(SERVER)
    dockerfile = f'FROM scratch\nCOPY root /\nCOPY server.py /\nEXPOSE 8000\nCMD ["{python}", "/server.py"]\n'
    base = "build: .\ncontract: http\nreadonly_root_filesystem: true\n"
    for name, keys in (("bench-server", "warm: {min: 4, max: 8}\n"), ("bench-server-copied", "template: true\n"),
                       ("bench-reuse", f"reuse: 1000\nconcurrency: {SERVERS}\nwarm: {{min: {SERVERS}, max: {SERVERS}}}\n")):
        gateway.faasctl("deploy", write_function(folder, dockerfile, f"name: {name}\n" + base + keys))
    return [python, os.path.join(folder, "server.py")]


def reused(gateway, work, command, rounds, seconds):
    """The rate of servers that are used again, against nginx in front of as many of the same."""
    nginx = servers.Nginx(work, command, SERVERS)
    try:
        nginx.start()
        candidates = (gateway.url + "/function/bench-reuse", nginx.url + "/")
        for url in candidates:
            clients.wrk(url, 16, 1)
        return [tuple(clients.wrk(url, 16, seconds).per_second for url in candidates) for _ in range(rounds)]
    finally:
        nginx.stop()


def runtime_rows(gateway, work, lighttpd, report, rounds, seconds):
    """A Lambda runtime in the image of the server, beside the same as CGI."""
    folder = os.path.join(work, "bench-server")
    python = os.path.realpath(sys.executable)
    pathlib.Path(folder, "runtime.py").write_text(RUNTIME)
    gateway.faasctl("deploy", write_function(
        folder, f'FROM scratch\nCOPY root /\nCOPY runtime.py /\nCMD ["{python}", "/runtime.py"]\n',
        "name: bench-lambda\nbuild: .\ncontract: lambda\nreadonly_root_filesystem: true\nwarm: {min: 4, max: 8}\n"))
    path = "/function/bench-lambda"
    clients.one_call(gateway.port, path)
    time.sleep(2)
    ours, theirs = paced(gateway.port, path), paced(lighttpd.port, "/hello.cgi")
    report.add("p50 of a Python Lambda runtime, fresh per call ÷ the same as CGI under lighttpd",
               f"{ours / theirs:.3f} ({ours:.2f} / {theirs:.2f} ms)", "≤ 0.1 and ≤ 3 ms", "≤ 1.5 ms")
    rates = [(clients.wrk(gateway.url + path, 8, 4 * seconds).per_second,
              clients.wrk(lighttpd.url + "/hello.cgi", 8, 4 * seconds).per_second)
             for _ in range(max(1, rounds // 3))]
    report.add("sustained rate of the Lambda runtime ÷ the same as CGI under lighttpd",
               f"{median(a / b for a, b in rates):.2f} ({median(a for a, _ in rates):.1f} / "
               f"{median(b for _, b in rates):.1f} per s)", "≥ 0.9", "≥ 1.0")


def paced(port, path):
    """The median of calls with time between them, in milliseconds: what one caller waits on an idle machine."""
    found = []
    for _ in range(CALLS):
        time.sleep(PAUSE_SECONDS)
        found.append(clients.one_call(port, path))
    return median(found)


def ahead(gateway, work, rounds, seconds, more=None):
    """The rows of programs that are started ahead; `more` adds others beside the same lighttpd."""
    deploy_waiting(gateway, work)
    command = deploy_server(gateway, work)
    script = os.path.join(work, "script")
    pathlib.Path(script).write_text(CGI.format(python=os.path.realpath(sys.executable)))
    os.chmod(script, 0o755)
    lighttpd = servers.Lighttpd(work, script)
    lighttpd.start()
    report = Report()
    server, cgi = gateway.url + "/function/bench-server", lighttpd.url + "/hello.cgi"
    try:
        pairs = [[clients.wrk(f"{gateway.url}/function/bench-{name}", 1, seconds).p50_us for name in ("before", "with")]
                 for _ in range(rounds)]
        before, with_it = (median(column) for column in zip(*pairs))
        report.add("p50 of a static program started before its request ÷ started with it, 1 connection",
                   f"{median(a / b for a, b in pairs):.2f} ({before:.0f} / {with_it:.0f} µs)", "≤ 0.7", "≤ 0.5")
        runtime_rows(gateway, work, lighttpd, report, rounds, seconds)
        clients.one_call(gateway.port, "/function/bench-server")
        time.sleep(2)
        ours, theirs = paced(gateway.port, "/function/bench-server"), paced(lighttpd.port, "/hello.cgi")
        report.add("p50 of a Python server, fresh per call ÷ the same as CGI under lighttpd",
                   f"{ours / theirs:.3f} ({ours:.2f} / {theirs:.2f} ms)", "≤ 0.1 and ≤ 3 ms", "≤ 1.5 ms")
        rates = [(clients.wrk(server, 8, 4 * seconds).per_second, clients.wrk(cgi, 8, 4 * seconds).per_second)
                 for _ in range(max(1, rounds // 3))]
        report.add("sustained rate of the same ÷ the same as CGI under lighttpd",
                   f"{median(a / b for a, b in rates):.2f} ({median(a for a, _ in rates):.1f} / "
                   f"{median(b for _, b in rates):.1f} per s)", "≥ 0.9", "≥ 1.0")
        if more:
            more(gateway, work, lighttpd, report, rounds, seconds)
    finally:
        lighttpd.stop()
    rates = reused(gateway, work, command, rounds, seconds)
    report.add("rate of the same server with reuse: 1000 ÷ nginx in front of it, 16 connections",
               f"{median(a / b for a, b in rates):.2f} ({median(a for a, _ in rates):.0f} / "
               f"{median(b for _, b in rates):.0f} per s)", "≥ 0.6", "≥ 0.9")
    return report
