# SPDX-License-Identifier: Apache-2.0
"""What bench/images measures: the same image, archive and Dockerfile for every candidate."""

import base64
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import threading
import time
import urllib.request

import servers
from report import median

MEBIBYTE = 1 << 20
LAYERS, FILES_PER_LAYER = 5, 320
IMAGE_BYTES = 100 * MEBIBYTE
LARGE_LAYER_BYTES = 1 << 30


def run(*words, **options):
    """Runs a tool to its end; what it said is told when it failed."""
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if result.returncode != 0:
        raise servers.BenchError(f"{' '.join(words)}: {result.stdout.decode(errors='replace')[-800:]}")


def timed(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def content(size, seed):
    """Bytes that compress to about half, as programs do."""
    block = hashlib.shake_256(seed.encode()).digest(size // 2)
    return block + b"\0" * (size - len(block))


def write_layout(folder, layers):
    """An OCI layout of gzip-compressed layers, each a list of (name, size); its one image is named 'bench'."""
    blobs = pathlib.Path(folder, "blobs", "sha256")
    blobs.mkdir(parents=True)

    def store(data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return "sha256:" + digest, len(data)

    descriptors, diff_ids = [], []
    for files in layers:
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, size in files:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = size, 0o755
                archive.addfile(entry, io.BytesIO(content(size, name)))
        diff_ids.append("sha256:" + hashlib.sha256(plain.getvalue()).hexdigest())
        packed = subprocess.run(["gzip", "-1", "-n", "-c"], input=plain.getvalue(), stdout=subprocess.PIPE, check=True)
        digest, size = store(packed.stdout)
        descriptors.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest,
                            "size": size})
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    configuration = {"architecture": machine, "os": "linux", "config": {"Cmd": ["/hello"]},
                     "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    digest, size = store(json.dumps(configuration).encode())
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": size},
                "layers": descriptors}
    digest, size = store(json.dumps(manifest).encode())
    index = {"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size,
        "annotations": {"org.opencontainers.image.ref.name": "bench"}}]}
    pathlib.Path(folder, "index.json").write_text(json.dumps(index))
    pathlib.Path(folder, "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


class Registry:
    """docker-registry on loopback, with its content in a folder."""

    def __init__(self, work):
        self.folder = os.path.join(work, "registry")
        os.makedirs(self.folder)
        self.host = f"127.0.0.1:{servers.free_port()}"
        configuration = os.path.join(self.folder, "config.yml")
        pathlib.Path(configuration).write_text(
            "version: 0.1\n"
            f"storage: {{filesystem: {{rootdirectory: {self.folder}/content}}}}\n"
            f"http: {{addr: {self.host}}}\n"
            "log: {level: error, accesslog: {disabled: true}}\n")
        log = os.path.join(self.folder, "log")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(["docker-registry", "serve", configuration], stdout=output, stderr=output)
        servers.wait_until_answers(f"http://{self.host}/v2/", self.process, log)

    def stop(self):
        servers.stop_process(self.process)


class ImageBench:
    """One gateway, one image, and the other tools beside it."""

    def __init__(self, work, program, rounds):
        self.work = work
        self.rounds = rounds
        self.registry = None
        self.restarts = 0
        self.layout = os.path.join(work, "layout")
        self.hello = servers.compile_hello(work)
        size = IMAGE_BYTES // LAYERS // FILES_PER_LAYER
        write_layout(self.layout, [[(f"layer{layer}/{file % 16}/{file}", size) for file in range(FILES_PER_LAYER)]
                                   for layer in range(LAYERS)])
        self.gateway = servers.Gateway(work, program, [])
        self.gateway.start()

    def stop(self):
        self.gateway.stop()
        if self.registry:
            self.registry.stop()

    def faasctl(self, *words):
        run(self.gateway.program, *words, env=self.gateway.environment)

    def restart(self):
        """A new gateway with a data folder of its own.

        What was is removed at the end only: ext4 looks past every inode that went a moment ago when it makes a
        file, and whoever comes next would pay for it.
        """
        self.gateway.stop()
        self.restarts += 1
        self.gateway.use(os.path.join(self.work, f"data{self.restarts}"))
        self.gateway.start()
        self.settle()

    @staticmethod
    def settle():
        """Nobody's turn includes writing what another one left in memory."""
        os.sync()

    def row(self, report, figure, ours, theirs, must):
        ours, theirs = median(ours), median(theirs)
        report.add(figure, f"{ours / theirs:.2f} ({ours * 1000:.0f} / {theirs * 1000:.0f} ms)", must, "")

    def pull(self, report):
        """From the registry to an unpacked tree; a deploy of an image that cannot start ends with its tree."""
        self.registry = Registry(self.work)
        name = self.registry.host + "/bench:1"
        run("skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", f"oci:{self.layout}:bench",
            f"docker://{name}")
        ours, theirs = [], []
        for round_ in range(self.rounds):
            self.restart()
            ours.append(timed(lambda: self.faasctl("deploy", "bench-pull", "--image", name)))
            copy, bundle = (os.path.join(self.work, f"{kind}{round_}") for kind in ("copy", "bundle"))

            def others():
                run("skopeo", "copy", "--insecure-policy", "--src-tls-verify=false", f"docker://{name}",
                    f"oci:{copy}:bench")
                run("umoci", "unpack", "--image", f"{copy}:bench", bundle)
            self.settle()
            theirs.append(timed(others))
        self.row(report, "pull and unpack of 100 MB in 5 layers ÷ `skopeo copy` + `umoci unpack`", ours, theirs, "≤ 1.0")

    def load(self, report):
        archive = os.path.join(self.work, "docker.tar")
        run("skopeo", "copy", "--insecure-policy", f"oci:{self.layout}:bench", f"docker-archive:{archive}:bench-load:1")
        ours, theirs = [], []
        for round_ in range(self.rounds):
            self.restart()
            ours.append(timed(lambda: self.faasctl("image", "load", "-i", archive)))
            store = os.path.join(self.work, f"podman{round_}")
            podman = ["podman", "--root", store, "--runroot", store + ".run", "--storage-driver", "vfs"]
            self.settle()
            theirs.append(timed(lambda: run(*podman, "load", "-q", "-i", archive)))
        self.row(report, "load of a docker archive of 100 MB ÷ `podman load`", ours, theirs, "≤ 1.0")

    def rebuild(self, report):
        """Ten steps, all of them known to the cache."""
        context = os.path.join(self.work, "context")
        os.makedirs(context)
        lines = ["FROM scratch"]
        for step in range(5):
            pathlib.Path(context, f"file{step}").write_bytes(content(MEBIBYTE, f"step{step}"))
            lines += [f"COPY file{step} /file{step}", f"ENV STEP{step}=1"]
        pathlib.Path(context, "Dockerfile").write_text("\n".join(lines + ['CMD ["/file0"]']) + "\n")
        store = os.path.join(self.work, "buildah")
        buildah = ["buildah", "--root", store, "--runroot", store + ".run", "--storage-driver", "vfs"]
        build = [*buildah, "build", "--layers", "--isolation", "chroot", "-q", "-t", "bench:1", context]
        run(*build)
        self.faasctl("build", context, "-t", "bench-build:1")
        ours, theirs = [], []
        for _ in range(self.rounds):
            ours.append(timed(lambda: self.faasctl("build", context, "-t", "bench-build:1")))
            theirs.append(timed(lambda: run(*build)))
        self.row(report, "cached rebuild of ten steps ÷ `buildah build --layers`", ours, theirs, "≤ 0.3")

    def deploy(self, report):
        self.gateway.deploy_folder("bench-first", self.hello, read_only=False)
        image = self.gateway.image_of("bench-first")
        counts = range(max(10, self.rounds))
        asked = [timed(lambda: self.ask_deploy(f"bench-asked-{index}", image)) for index in counts]
        took = [timed(lambda: self.faasctl("deploy", f"bench-{index}", "--image", image)) for index in counts]
        report.add("deploy of an image already present, by the admin API", f"{median(asked) * 1000:.0f} ms",
                   "≤ 50 ms", "")
        report.add("the same by `faasctl`, its own start included", f"{median(took) * 1000:.0f} ms", "≤ 50 ms", "")

    def ask_deploy(self, name, image):
        user, password = (pathlib.Path(self.gateway.data, "secrets", "basic-auth-" + part).read_text().strip()
                          for part in ("user", "password"))
        request = urllib.request.Request(
            self.gateway.url + "/system/functions", method="POST",
            data=json.dumps({"service": name, "image": image}).encode(),
            headers={"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()})
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def memory(self, report):
        """The peak of the gateway and its helpers while it loads and unpacks a layer of a gibibyte."""
        folder = os.path.join(self.work, "large")
        write_layout(folder, [[(f"file{index}", LARGE_LAYER_BYTES // 16) for index in range(16)]])
        self.restart()
        idle = peak = self.resident()
        done = threading.Event()

        def work():
            try:
                self.faasctl("deploy", "bench-large", "--image", folder)
            finally:
                done.set()
        thread = threading.Thread(target=work)
        thread.start()
        while not done.wait(0.01):
            peak = max(peak, self.resident())
        thread.join()
        report.add("memory of the gateway with a layer of 1 GiB, above idle",
                   f"{(peak - idle) / MEBIBYTE:.0f} MiB", "≤ 64 MiB", "")

    def resident(self):
        """Memory of the gateway and everything below it, without pages of files."""
        total = 0
        for number in self.gateway.processes():
            try:
                status = pathlib.Path("/proc", str(number), "status").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon:"))
        return total
