# SPDX-License-Identifier: Apache-2.0
"""A Python function that is copied from one started process, against the same without, and as CGI under lighttpd."""

import os
import pathlib
import threading
import time

import ahead
import clients
from report import Report, median

CONNECTIONS = 4
PROGRAM = ahead.IMPORTS + """
import sys
sys.stdin.buffer.read()
sys.stdout.write(json.dumps({"pid": os.getpid()}))
sys.stdout.flush()
os._exit(0)
"""


def deploy(gateway, work):
    """The same program twice: copied, and started for each call."""
    folder = os.path.join(work, "bench-copies")
    os.makedirs(folder)
    python = ahead.copy_python(os.path.join(folder, "root"))
    pathlib.Path(folder, "program.py").write_text(PROGRAM)
    for name, key in (("bench-copied", "true"), ("bench-started", "false")):
        gateway.faasctl("deploy", ahead.write_function(
            folder, f'FROM scratch\nCOPY root /\nCOPY program.py /\nCMD ["{python}", "/program.py"]\n',
            f"name: {name}\nbuild: .\nprestart: true\ntemplate: {key}\nwarm: {{min: 0, max: 8}}\n"))


def at_rate(port, path, rate, seconds):
    """The median in milliseconds of calls that begin at this rate, whether earlier ones have ended or not."""
    found, threads = [], []
    end = time.monotonic() + seconds

    def caller(offset):
        due = time.monotonic() + offset
        while due < end:
            time.sleep(max(0, due - time.monotonic()))
            found.append(clients.one_call(port, path))
            due += CONNECTIONS / rate

    for number in range(CONNECTIONS):
        threads.append(threading.Thread(target=caller, args=(number / rate,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return median(found)


def compare(gateway, lighttpd, names, rounds, seconds):
    """Calls per second of the copied function, of the started one, and of the same as CGI, in turns."""
    copied, started = (f"{gateway.url}/function/{name}" for name in names)
    clients.wrk(copied, 8, 2)  # until slots have templates
    return [tuple(clients.wrk(url, 8, 2 * seconds).per_second
                  for url in (copied, started, lighttpd.url + "/hello.cgi")) for _ in range(max(1, rounds // 3))]


def rows(gateway, work, lighttpd, report: Report, rounds, seconds):
    """Rates in turns, then the latency at half the rate."""
    deploy(gateway, work)
    for what, names in (("server", ("bench-server-copied", "bench-server")),
                        ("function", ("bench-copied", "bench-started"))):
        rates = compare(gateway, lighttpd, names, rounds, seconds)
        ours, plain, cgi = (median(column) for column in zip(*rates))
        report.add(f"sustained rate of a Python {what} with a template ÷ without",
                   f"{median(a / b for a, b, _ in rates):.1f} ({ours:.0f} / {plain:.0f} per s)", "≥ 8", "≥ 15")
        report.add("the same ÷ the same as CGI under lighttpd",
                   f"{median(a / c for a, _, c in rates):.1f} ({ours:.0f} / {cgi:.0f} per s)", "≥ 8", "≥ 15")
        half = at_rate(gateway.port, "/function/" + names[0], ours / 2, 2 * seconds)
        report.add("p50 of such a call at half that rate", f"{half:.2f} ms", "≤ 3 ms", "≤ 1.5 ms")
