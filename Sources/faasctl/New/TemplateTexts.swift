// SPDX-License-Identifier: Apache-2.0
// The programs and Dockerfiles of the templates. FunctionTemplate chooses among them.

/// Texts of the templates: each answers with its request's body.
enum TemplateTexts {
    static let shell = [
        TemplateFile(
            path: "Dockerfile",
            text: """
                FROM busybox:1.37
                COPY handler.sh /handler.sh
                CMD ["sh", "/handler.sh"]

                """
        ),
        TemplateFile(
            path: "handler.sh",
            text: """
                #!/bin/sh
                # The request's body comes on standard input, fields and path in variables (env shows them).
                body=$(cat)
                echo "Hello, ${body:-world}"

                """,
            isExecutable: true
        ),
    ]

    static let python = [
        TemplateFile(
            path: "Dockerfile",
            text: """
                FROM python:3.13-slim
                WORKDIR /app
                COPY handler.py .
                CMD ["python3", "handler.py"]

                """
        ),
        TemplateFile(
            path: "handler.py",
            text: """
                import sys


                def handle(body):
                    return "Hello, %s\\n" % (body.strip() or "world")


                sys.stdout.write(handle(sys.stdin.read()))

                """
        ),
    ]

    static let node = [
        TemplateFile(
            path: "Dockerfile",
            text: """
                FROM node:22-slim
                WORKDIR /app
                COPY handler.js .
                CMD ["node", "handler.js"]

                """
        ),
        TemplateFile(
            path: "handler.js",
            text: """
                const body = require("node:fs").readFileSync(0, "utf8").trim();

                process.stdout.write(`Hello, ${body || "world"}\\n`);

                """
        ),
    ]

    static let go = [
        TemplateFile(
            path: "Dockerfile",
            text: """
                FROM golang:1.25 AS build
                WORKDIR /src
                COPY go.mod main.go ./
                RUN CGO_ENABLED=0 go build -o /handler .

                FROM scratch
                COPY --from=build /handler /handler
                CMD ["/handler"]

                """
        ),
        TemplateFile(path: "go.mod", text: "module handler\n\ngo 1.22\n"),
        TemplateFile(
            path: "main.go",
            text: """
                package main

                import (
                \t"fmt"
                \t"io"
                \t"os"
                \t"strings"
                )

                func main() {
                \tbody, err := io.ReadAll(os.Stdin)
                \tif err != nil {
                \t\tfmt.Fprintln(os.Stderr, err)
                \t\tos.Exit(1)
                \t}
                \tname := strings.TrimSpace(string(body))
                \tif name == "" {
                \t\tname = "world"
                \t}
                \tfmt.Println("Hello, " + name)
                }

                """
        ),
    ]

    static let swift = [
        TemplateFile(
            path: "Dockerfile",
            text: """
                FROM swift:6.2 AS build
                WORKDIR /src
                COPY main.swift .
                RUN swiftc -O -static-executable main.swift -o /handler

                FROM scratch
                COPY --from=build /handler /handler
                CMD ["/handler"]

                """
        ),
        TemplateFile(
            path: "main.swift",
            text: """
                var lines: [String] = []
                while let line = readLine() { lines.append(line) }
                let body = lines.joined(separator: "\\n")

                print("Hello, \\(body.isEmpty ? "world" : body)")

                """
        ),
    ]

    static let httpPython = [
        TemplateFile(
            path: "Dockerfile",
            text: """
                FROM python:3.13-slim
                WORKDIR /app
                COPY server.py .
                EXPOSE 8080
                CMD ["python3", "server.py"]

                """
        ),
        TemplateFile(
            path: "server.py",
            text: """
                from http.server import BaseHTTPRequestHandler, HTTPServer


                class Handler(BaseHTTPRequestHandler):
                    def do_GET(self):
                        self.answer("world")

                    def do_POST(self):
                        # Without a length the body is chunked, which this server does not read.
                        size = int(self.headers.get("Content-Length", 0))
                        self.answer(self.rfile.read(size).decode().strip() or "world")

                    def answer(self, name):
                        body = f"Hello, {name}\\n".encode()
                        self.send_response(200)
                        self.send_header("Content-Type", "text/plain; charset=utf-8")
                        self.send_header("Content-Length", str(len(body)))
                        self.end_headers()
                        self.wfile.write(body)


                HTTPServer(("", 8080), Handler).serve_forever()

                """
        ),
    ]

    static let lambdaPython = [
        TemplateFile(
            path: "Dockerfile",
            text: """
                FROM public.ecr.aws/lambda/python:3.13
                COPY app.py ${LAMBDA_TASK_ROOT}
                CMD ["app.handler"]

                """
        ),
        TemplateFile(
            path: "app.py",
            text: """
                import base64


                def handler(event, context):
                    body = event.get("body") or ""
                    if event.get("isBase64Encoded"):
                        body = base64.b64decode(body).decode()
                    return {"statusCode": 200, "body": f"Hello, {body.strip() or 'world'}\\n"}

                """
        ),
    ]
}
