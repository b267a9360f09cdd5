# SPDX-License-Identifier: Apache-2.0
"""Runs without a deploy: POST /v1/run of a static hello beside a call of the same hello, deployed."""

import json
import os
import pathlib

import clients
from report import Report, median

NAME = "bench-run"


def wrk_script(gateway, work, image):
    """wrk's script for a run of the image's command."""
    body = json.dumps(json.dumps({"image": image}))
    path = os.path.join(work, "run.lua")
    pathlib.Path(path).write_text(
        f'wrk.method = "POST"\nwrk.body = {body}\nwrk.headers["Authorization"] = "{gateway.authorization()}"\n'
        'wrk.headers["Content-Type"] = "application/json"\n')
    return path


def compare(gateway, work, program, rounds, seconds):
    """The p50 of both in microseconds, 1 connection, for each round."""
    gateway.deploy_folder(NAME, program, read_only=False)
    script = wrk_script(gateway, work, gateway.image_of(NAME))
    run, call = gateway.url + "/v1/run", gateway.url + "/function/" + NAME
    clients.wrk(run, 1, 1, script)
    clients.wrk(call, 1, 1)
    return [(clients.wrk(run, 1, seconds, script).p50_us, clients.wrk(call, 1, seconds).p50_us)
            for _ in range(rounds)]


def row(report, pairs):
    ratio = median(run / call for run, call in pairs)
    report.add("p50 of POST /v1/run of a static hello ÷ a call of the deployed one, 1 connection",
               f"{ratio:.2f} ({median(run for run, _ in pairs):.0f} / {median(call for _, call in pairs):.0f} µs)",
               "≤ 1.5", "≤ 1.2")


def runs(gateway, work, program, rounds, seconds):
    """The one row."""
    report = Report()
    row(report, compare(gateway, work, program, rounds, seconds))
    return report
