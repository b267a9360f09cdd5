// SPDX-License-Identifier: Apache-2.0
// For every key and flag the test that shows its effect. KeyEffectsTests holds the lists complete.

/// Names of tests by key; a key without an effect is refused by the reader instead of listed here.
enum KeyEffects {
    private static let manifest = "every documented key is read"
    private static let translated = "OpenFaaS's words are translated"
    private static let busy = "callers beyond concurrency and queue are refused as busy"
    private static let everySecond =
        "a schedule of every second fires once a second, with its input, recorded as a schedule's"
    private static let retried =
        "what fails in every attempt becomes a dead letter, and a retry gives it all of them again"
    private static let waits =
        "waits lie between min_wait and the doubled bound, spread over all of it, never above max_wait"
    private static let requests = "requests beyond the host's memory or processors are refused"
    private static let limited =
        "answers calls beyond it with 429 and Retry-After, across deploys, and runs nothing"
    private static let timeout =
        "after the timeout comes the stop signal, after the grace SIGKILL, and the first cause counts"
    private static let foundImage = "an image is a layout, an archive or a reference by what is there"
    private static let buildArguments =
        "arguments: defaults, given values, global arguments, environment before arguments"

    /// By path in a function.yaml, or in an entry of a stack.yaml.
    static let function = [
        "name": "a folder without function.yaml is named after itself",
        "image": foundImage,
        "build": "a missing Dockerfile, folder or file is reported with what to do",
        "build_args": buildArguments,
        "lang": translated, "handler": translated, "fprocess": translated, "namespace": translated,
        "skip_build": translated,
        "environment_file":
            "an environment_file's variables win over the manifest's own, and its mistakes are reported with their place",
        "routes": "a function's own routes lead to it, by path, method and host",
        "port": "an http function is reached at its port, and ready when its ready_path answers",
        "ready_path": "an http function is reached at its port, and ready when its ready_path answers",
        "prestart": "a program that is started before its request answers it, each in a container of its own",
        "reuse": "with reuse one sandbox serves that many requests, and none after one that failed",
        "template":
            "a function with a template is served by copies of one process, each in a container of its own",
        "contract": "a CGI program's status, fields and body are the answer's",
        "environment": "the function's environment wins over the image's, and both over the defaults",
        "secrets": "a function reads its secret, and the new value as soon as it is stored",
        "limits.memory": "a memory hog is killed and reported as out of memory",
        "limits.cpu": "of the processor holds a spinning function to its share",
        "limits.pids": "of processes stops a fork bomb, and nothing of it is left",
        "limits.disk": "of the disk stops a writer, everywhere it can write",
        "limits.body": "a body over the limit is refused with 413 and nothing runs",
        "limits.output": "output over the limit is not passed on, and the record names the limit",
        "requests.memory": requests, "requests.cpu": requests,
        "constraints":
            "a constraint is accepted when it is true of the host, in Swarm's form and in Kubernetes' form",
        "timeout": timeout, "grace": timeout,
        "concurrency": busy, "queue.length": busy,
        "queue.wait": "a caller over the limits waits its time in the queue and is refused",
        "warm.min": "the warm minimum is kept without calls",
        "warm.max": "beyond the warm maximum a slot stays empty",
        "network": "reaches the public internet, under the host's address",
        "uses":
            "a function reaches the containers that it uses by name, and nothing else; without one a call gets 503",
        "egress_allow": "reaches what egress_allow names, and still nothing else",
        "readonly_root_filesystem": "is replaced where only /tmp and /dev/shm can be written, too",
        "schedules[].cron": everySecond, "schedules[].input": everySecond,
        "schedules[].timezone":
            "an annotation that repeats a schedule, in whatever form, makes one run at each due time",
        "schedules[].overlap": "allow runs both, skip passes over",
        "schedules[].missed": "once runs the last of what was missed",
        "schedules[].deadline": "what is later than the deadline does not run any more",
        "async.attempts": retried, "async.codes": "the policy's own attempts and codes count",
        "async.min_wait": waits, "async.max_wait": waits,
        "async.max_age": "a call that would be older than max_age by then runs no more",
        "labels": "deploy, list, describe and remove answer as OpenFaaS's clients expect",
        "annotations": "OpenFaaS's annotations are schedules too, several separated by semicolons",
        "command": "wrong input is reported in one line that names the mistake, and changes nothing",
        "content_type": "content_type is the answer's type, whatever the output begins with",
        "expose_errors": "the answer of a failing function with expose_errors has the end of its stderr",
        "stream": "a function with stream: true gets its output sent at once, whatever the client accepts",
        "cors.origins": "lets pages of its origins read every answer, errors too, and no other page",
        "rate.requests": limited, "rate.burst": limited, "rate.per": limited,
        "auth.hmac.secret":
            "with auth: hmac follows its secret: a new value counts at once, without one nothing is served",
        "auth.hmac.scheme":
            "of Stripe covers its time, and one of several codes is enough while keys change",
        "capabilities":
            "shares a network namespace while it waits, and its functions have one of their own, as any",
    ]

    private static let stackRead = "functions come in the order of the file, with variables replaced"

    /// By path in a stack.yaml, above the functions.
    static let stack = [
        "version": "a stack of another form is refused",
        "provider.name": "a stack of another form is refused",
        "provider.gateway": stackRead, "functions": stackRead,
    ]

    private static let placed =
        "the file's listen and data_dir are where the gateway listens and keeps what it has"
    private static let registries = "mirrors and plain-http registries are taken from the configuration file"

    private static let refusedHeads =
        "what breaks the protocol is refused with a problem body, and starts nothing"

    /// By path in the file of `serve --config`.
    static let configuration = [
        "listen": placed, "data_dir": placed,
        "sandboxes_max":
            "sandboxes_max is how many containers there are at once, whatever functions are called",
        "log_level": "the levels of the configuration decide what the log has",
        "access_log_level": "the levels of the configuration decide what the log has",
        "drain_timeout": "a connection holds the end up for the drain timeout, and no longer",
        "limits.connections":
            "as many connections as the most are served at once, and further ones when one of those ends",
        "limits.header_count": "a request with more fields than the most is refused",
        "limits.header_field": refusedHeads, "limits.headers": refusedHeads, "limits.target": refusedHeads,
        "limits.head_timeout": "a head that does not come whole ends with 408",
        "limits.body_timeout":
            "a body that stalls before the function starts ends with 408, and starts nothing",
        "admin_hosts": "administrative paths are served under names that only this machine can have",
        "build_allow": "builds reach the networks of build_allow, and without it nothing of the host",
        "trusted_proxies": "rates, records and functions see the client; fields of other peers are dropped",
        "callback_allow": "a callback reaches nothing of this host unless the configuration opens it",
        "lambda_runtimes":
            "boto3 creates, calls, changes and removes functions; a ZIP package runs in the image of its runtime",
        "run_images": "code runs in the image that the configuration names for its language",
        "allow_root":
            "on a disk without idmapped mounts root is kept only when asked for, and image files have their owners",
        "proxy_protocol":
            "functions see the client that a trusted proxy names, and not what that client says of itself",
        "metrics_auth": "/metrics asks for credentials when it is configured to",
        "metrics_listen": "metrics have a listener of their own, and the main one has none",
        "otlp": "each call is a span below its caller's, and the function gets it as traceparent",
        "limits.idle_timeout": "a connection without traffic is closed after the idle timeout",
        "limits.upload": "an archive larger than the bound is refused, by its length and while it comes",
        "limits.admin_body": "a body that is too large is refused",
        "tls.certificates":
            "renewed certificates are loaded without an end of the gateway, and broken ones are not",
        "tls.self_signed": "a gateway makes a certificate of its own, and serves HTTPS with it",
        "tls.redirect": "requests without TLS are redirected, and HTTPS serves them",
        "tls.acme.domains": issued, "tls.acme.url": issued, "tls.acme.ca": issued,
        "tls.acme.email": "the account has the operator's address, and none without one",
        "tls.acme.agree_terms": "an authority needs names, https, and agreement to its terms",
        "tls.client_ca": "clients without a certificate of the given authority are not served",
        "registries.mirrors": registries, "registries.plain_http": registries,
        "image_budget":
            "a budget takes the least recently used that nothing needs, and never what is deployed",
        "container_disk":
            "a container with more on the disk than its limit is ended with the reason, and not restarted",
        "host_mounts":
            "a gateway that shows nothing of its host refuses volumes, and runs containers without",
    ]

    private static let issued =
        "an authority checks the name over HTTP, and clients trust the certificate that it issues"
    private static let laid = "every documented flag overrides the configuration"
    private static let callers = "the flags about callers override the configuration"
    private static let moved = "every command parses with the options that were moved to it"

    /// The flags of `deploy` by their long names.
    static let deployFlags = [
        "gateway": moved, "tls-ca": moved,
        "client-cert": "clients without a certificate of the given authority are not served",
        "client-key": "clients without a certificate of the given authority are not served", "output": moved,
        "namespace": "two namespaces share no function, secret, log, record or counter",
        "quiet": "a build's result is kept, and its failure thrown with the builder's words",
        "image": foundImage, "name": "a folder without function.yaml is named after itself",
        "watch": "a watched folder is deployed again with each change, until it is interrupted",
        "route": laid, "env": laid, "secret": laid, "contract": laid, "port": laid, "ready-path": laid,
        "reuse": laid,
        "auth": callers, "cors-origin": callers, "rate": callers, "rate-burst": callers, "rate-per": callers,
        "prestart": "a flag applies to a stdio function, and is refused with another contract",
        "template": "a template is wanted by a flag, and refused without a program that starts ahead",
        "memory": laid, "cpu": laid,
        "pids": laid,
        "memory-request": laid, "cpu-request": laid, "constraint": laid, "timeout": laid, "concurrency": laid,
        "uses":
            "a function reaches the containers that it uses by name, and nothing else; without one a call gets 503",
        "warm": laid, "network": laid, "read-only": laid, "schedule": laid, "timezone": laid, "label": laid,
        "annotation": laid, "async-attempts": laid, "async-min-wait": laid, "async-max-wait": laid,
        "async-max-age": laid,
        "async-codes": laid,
        "file": "the Dockerfile and its own rules go up from an excluded folder, and nothing else of it",
        "build-arg": buildArguments, "target": "only stages that the target needs are built",
        "no-cache": "noCache repeats every step, and the next build finds the results",
        "platform": "a platform is checked against the image's and kept in the configuration",
    ]
}
