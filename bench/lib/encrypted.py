# SPDX-License-Identifier: Apache-2.0
"""HTTPS against HTTP on kept connections, HTTP/2 against HTTP/1.1, and new TLS 1.3 connections against nginx."""

import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess

import clients
import servers
from report import Report, median

NAME = "bench-tls"
CLOSING = 'wrk.headers["Connection"] = "close"\n'


def certificate(work):
    """A certificate on P-256 for 127.0.0.1, and its key."""
    paths = [os.path.join(work, "tls." + kind) for kind in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-out", paths[0], "-keyout", paths[1], "-days", "2", "-subj", "/CN=bench",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return paths


class EncryptedGateway(servers.Gateway):
    """A gateway with a certificate."""

    def __init__(self, work, program, options, paths):
        os.makedirs(work, 0o755)
        super().__init__(work, program, [*options, "--tls-cert", paths[0], "--tls-key", paths[1]])
        self.url = f"https://127.0.0.1:{self.port}"
        self.context = ssl.create_default_context(cafile=paths[0])
        self.use(self.data)
        self.environment["FAASCTL_TLS_CA"] = paths[0]


class Nginx:
    """One worker process, as the gateway has one event loop on two cores; TLS 1.3, a fixed answer."""

    def __init__(self, work, paths):
        self.folder = os.path.join(work, "nginx")
        self.paths = paths
        self.process = None
        self.port = servers.free_port()
        self.url = f"https://127.0.0.1:{self.port}"

    def start(self):
        os.makedirs(self.folder)
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        configuration = os.path.join(self.folder, "nginx.conf")
        pathlib.Path(configuration).write_text(
            f"daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/log;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; {temporary}\n"
            f"server {{ listen 127.0.0.1:{self.port} ssl; ssl_protocols TLSv1.2 TLSv1.3;\n"
            f"ssl_certificate {self.paths[0]}; ssl_certificate_key {self.paths[1]};\n"
            'location / { return 200 "ok"; } } }\n')
        log = os.path.join(self.folder, "log")
        path = os.environ["PATH"] + ":/usr/sbin"
        with open(log, "wb") as output:
            self.process = subprocess.Popen([shutil.which("nginx", path=path), "-c", configuration, "-p", self.folder],
                                            stdout=output, stderr=output)
        servers.wait_until_answers(self.url, self.process, log, ssl.create_default_context(cafile=self.paths[0]))

    def stop(self):
        servers.stop_process(self.process)


def h2load(url, seconds, *options):
    """Requests per second that h2load finishes."""
    text = subprocess.run(["h2load", "-D", str(max(1, round(seconds))), *options, url], check=True, capture_output=True,
                          text=True, timeout=60).stdout
    found = re.search(r"finished in .*?, ([0-9.]+) req/s", text)
    if not found or " 0 failed, 0 errored" not in text:
        raise servers.BenchError(f"h2load {' '.join(options)} failed: {text[-500:]}")
    return float(found.group(1))


def token_row(gateway, work, report, rounds, seconds):
    """What a token that the function asks for adds to a call, in turns."""
    gateway.deploy_many([NAME + "-token"], gateway.image_of(NAME),
                        {"auth": "token", "readonly_root_filesystem": True, "queue": {"length": 200}})
    token = json.loads(gateway.faasctl("token", "create", "--scope", "invoke", "--output", "json"))["token"]
    script = os.path.join(work, "token.lua")
    pathlib.Path(script).write_text(f'wrk.headers["Authorization"] = "Bearer {token}"\n')
    urls = [f"{gateway.url}/function/{NAME}{suffix}" for suffix in ("-token", "")]
    for url in urls:
        clients.wrk(url, 1, 1, script)
    pairs = [[clients.wrk(url, 1, seconds, script).p50_us for url in urls] for _ in range(2 * rounds)]
    signed, plain = (median(column) for column in zip(*pairs))
    report.add("p50 of hello with a token that its function asks for ÷ without, 1 connection",
               f"{median(a / b for a, b in pairs):.3f} ({signed:.0f} / {plain:.0f} µs)", "≤ 1.02", "")


def encrypted(gateway, program, work, rounds, seconds):
    """The rows of HTTPS; `gateway` is the one without."""
    paths = certificate(work)
    secure, nginx = EncryptedGateway(os.path.join(work, "secure"), gateway.program, gateway.options, paths), None
    report = Report()
    script = os.path.join(work, "close.lua")
    pathlib.Path(script).write_text(CLOSING)
    try:
        secure.start()
        nginx = Nginx(work, paths)
        nginx.start()
        for each in (gateway, secure):
            each.deploy_folder(NAME, program, read_only=True, queue_length=200)
        for connections in (1, 16):
            pairs = [[clients.wrk(f"{each.url}/function/{NAME}", connections, seconds).p50_us
                      for each in (secure, gateway)] for _ in range(rounds)]
            ours, plain = (median(column) for column in zip(*pairs))
            report.add(f"p50 of hello over HTTPS ÷ over HTTP, kept connections, {connections}",
                       f"{median(a / b for a, b in pairs):.2f} ({ours:.0f} / {plain:.0f} µs)", "≤ 1.15", "")
        token_row(gateway, work, report, rounds, seconds)
        url = f"{secure.url}/function/{NAME}"
        rates = [[h2load(url, seconds, "-c", "1", "-m", "100"), h2load(url, seconds, "-c", "100", "--h1")]
                 for _ in range(rounds)]
        ours, plain = (median(column) for column in zip(*rates))
        report.add("hello over HTTP/2, 100 streams of 1 connection ÷ over HTTP/1.1, 100 connections",
                   f"{median(a / b for a, b in rates):.2f} ({ours:.0f} / {plain:.0f} per s)", "≥ 0.9", "")
        rates = [[clients.wrk(url, 16, seconds, script).per_second for url in (secure.url + "/healthz", nginx.url)]
                 for _ in range(rounds)]
        ours, theirs = (median(column) for column in zip(*rates))
        report.add("new TLS 1.3 connections, a request each ÷ nginx, 16 at once",
                   f"{median(a / b for a, b in rates):.2f} ({ours:.0f} / {theirs:.0f} per s)", "≥ 0.8", "")
    finally:
        secure.stop()
        if nginx:
            nginx.stop()
    return report
