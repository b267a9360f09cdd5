# SPDX-License-Identifier: Apache-2.0
"""Running containers: `exec true` through the API, and the throughput of a published port beside loopback itself."""

import base64
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

import servers
import services
from report import Report, median

IMAGE = "bench-enter"
PORT = 7000
PIECE = b"x" * (256 * 1024)
WARM_UP = 20


def compile_program(work):
    source = pathlib.Path(__file__).resolve().parent.parent / "enter.c"
    program = os.path.join(work, "enter")
    subprocess.run(["cc", "-static", "-Os", "-s", "-o", program, str(source)], check=True)
    return program


def build_image(gateway, work, program):
    folder = os.path.join(work, "image")
    os.makedirs(folder)
    pathlib.Path(folder, "enter").write_bytes(pathlib.Path(program).read_bytes())
    os.chmod(os.path.join(folder, "enter"), 0o755)
    pathlib.Path(folder, "Dockerfile").write_text(
        f'FROM scratch\nCOPY enter /enter\nCMD ["/enter", "sink", "{PORT}"]\n')
    gateway.faasctl("build", folder, "-t", IMAGE)


class Container:
    """One attached container, for as long as its connection is open."""

    def __init__(self, gateway):
        secrets = pathlib.Path(gateway.data, "secrets")
        user, password = ((secrets / f"basic-auth-{part}").read_text().strip() for part in ("user", "password"))
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers = {"Authorization": "Basic " + token, "Content-Type": "application/json"}
        self.gateway = gateway
        self.owner = self.connect()
        self.owner.request("POST", "/v1/containers?attach=true", headers=self.headers,
                           body=json.dumps({"image": IMAGE, "auto_remove": True, "ports": [f"127.0.0.1::{PORT}"]}))
        answer = self.owner.getresponse()
        if answer.status != 200:
            raise servers.BenchError(f"no container: {answer.read().decode(errors='replace')}")
        head = answer.read(5)
        self.id = json.loads(answer.read(int.from_bytes(head[1:], "big")))["id"]
        self.client = self.connect()
        self.client.request("GET", "/v1/running", headers=self.headers)
        running = json.loads(self.client.getresponse().read())
        self.port = next(one for one in running if one["id"] == self.id)["ports"][0]["host_port"]

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=servers.ANSWER_SECONDS_MAX)

    def exec_true_ms(self):
        begin = time.perf_counter()
        self.client.request("POST", f"/v1/containers/{self.id}/exec", headers=self.headers,
                            body=json.dumps({"command": ["/enter", "true"]}))
        answer = self.client.getresponse().read()
        took = (time.perf_counter() - begin) * 1000
        if b'"exit_code":0' not in answer:
            raise servers.BenchError(f"exec failed: {answer!r}")
        return took

    def close(self):
        self.client.close()
        self.owner.close()


def throughput(port, seconds):
    """Bytes per second into one connection, until the last one was read at its other end."""
    with socket.create_connection(("127.0.0.1", port)) as end:
        sent, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            end.sendall(PIECE)
            sent += len(PIECE)
        end.shutdown(socket.SHUT_WR)
        end.recv(1)
        return sent / (time.perf_counter() - begin)


def entering(gateway, work, hello, rounds, seconds):
    program = compile_program(work)
    build_image(gateway, work, program)
    direct = servers.free_port()
    server = subprocess.Popen([program, "sink", str(direct)])
    container = Container(gateway)
    try:
        for _ in range(WARM_UP):
            container.exec_true_ms()
        execs, pairs = [], []
        for _ in range(rounds):
            execs.append(median(container.exec_true_ms() for _ in range(50)))
            pairs.append((throughput(container.port, seconds), throughput(direct, seconds)))
    finally:
        container.close()
        servers.stop_process(server)
    report = Report()
    report.add("p50 of `exec true` through the API, one after the other", f"{median(execs):.2f} ms", "≤ 3 ms", "≤ 1.5 ms")
    report.add("throughput into a published TCP port ÷ over loopback directly, one connection",
               f"{median(ours / theirs for ours, theirs in pairs):.2f} "
               f"({median(ours for ours, _ in pairs) / 1e6:.0f} / {median(theirs for _, theirs in pairs) / 1e6:.0f} MB/s)",
               "≥ 0.5", "")
    # Before Docker's engine, whose end gives memory back for a while.
    services.idle_services(gateway, IMAGE, ["/enter", "sink", str(PORT)], report)
    services.run_and_remove(gateway, work, hello, report, rounds)
    return report
