// SPDX-License-Identifier: Apache-2.0
// Requests as botocore 1.44.8 signs them: the access key is 0123456789ab, the secret secret/Key+1, and the time
// 2026-03-01 12:36:00 UTC.

import Testing

/// One signed request.
struct SignatureVector: Sendable, CustomTestStringConvertible {
    let name: String
    let method: String
    let host: String
    let target: String
    let fields: [(String, String)]
    var body = ""

    var testDescription: String { name }

    static let secret = "secret/Key+1"
    static let now = 1_772_368_560

    static let all: [SignatureVector] = [
        SignatureVector(
            name: "a plain GET",
            method: "GET",
            host: "127.0.0.1:8080",
            target: "/2015-03-31/functions/",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=66f0e2ef02f037b2ee2b04b5291ad483ea627864d255aacd1558cf8abb7a8b27"
                ),
            ]
        ),
        SignatureVector(
            name: "a body",
            method: "POST",
            host: "localhost",
            target: "/2015-03-31/functions/f/invocations",
            fields: [
                ("X-Amz-Invocation-Type", "Event"),
                ("Content-Type", "application/json"),
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=content-type;host;x-amz-date;x-amz-invocation-type, "
                        + "Signature=aea0c2e36ba960fb16fdf156faea28afeb798ca59b9b902e7f62783e8b341898"
                ),
            ],
            body: "{\"a\":1}"
        ),
        SignatureVector(
            name: "an encoded ARN in the path, encoded twice",
            method: "GET",
            host: "localhost",
            target:
                "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/configuration",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=df405caf4923f1d0affc5c33918b88a3a93c0e0280ccc8326d270d621416c33c"
                ),
            ]
        ),
        SignatureVector(
            name: "a query whose parameters are not sorted",
            method: "GET",
            host: "localhost",
            target: "/2015-03-31/functions?MaxItems=2&Marker=b",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=27d9f5d816b3295397170c65d736d98009a9321a92b6f1266892a93a495dd8a7"
                ),
            ]
        ),
        SignatureVector(
            name: "a parameter that comes twice",
            method: "DELETE",
            host: "localhost",
            target: "/2017-03-31/tags/x?tagKeys=b&tagKeys=a",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=8b34149143e0e9a868409c647eb3d6da2e3baa5223ebfc88ac55a3fb1d7eaf35"
                ),
            ]
        ),
        SignatureVector(
            name: "encoded parameters",
            method: "GET",
            host: "localhost",
            target: "/2015-03-31/functions/f?Qualifier=%24LATEST",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=478cb057074105752efec500897d333f652f263a2e95318db370b3d614118b5d"
                ),
            ]
        ),
        SignatureVector(
            name: "a parameter without a value",
            method: "GET",
            host: "localhost",
            target: "/2015-03-31/functions?List=",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=d1199547177b2e477a3608e75ebd932e84a9b723ddf67fe967a9cd28625e7871"
                ),
            ]
        ),
        SignatureVector(
            name: "parameters of which one begins like another",
            method: "GET",
            host: "localhost",
            target: "/x?a-b=1&a=2&aB=3",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=7a03ceb7b0a049813888e204a310b15c7492cb0dff8614176efeaa16606aa4fb"
                ),
            ]
        ),
        SignatureVector(
            name: "a letter beyond ASCII in a parameter",
            method: "GET",
            host: "localhost",
            target: "/x?k=%C3%A4%20b~",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=de35de59e989231a123868ea4bd871c266be7cd325744186e39177106087b4ef"
                ),
            ]
        ),
        SignatureVector(
            name: "spaces in a field",
            method: "POST",
            host: "localhost",
            target: "/x",
            fields: [
                ("X-Amz-Meta", "  a   b  "),
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date;x-amz-meta, "
                        + "Signature=becc031a80b2f05328292c060fa801ddef7803727f7e4b03c0646bc3d4c4e9dd"
                ),
            ]
        ),
        SignatureVector(
            name: "a path with dots and empty segments",
            method: "GET",
            host: "localhost",
            target: "/a/./b//../c/",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=1d3ddcdbe77d97398ed65c3c6e89635fe5ec7a4abda0adcfb79e55dd2ba7486a"
                ),
            ]
        ),
        SignatureVector(
            name: "a path with characters that are encoded",
            method: "GET",
            host: "localhost",
            target: "/a%20b/~c:d+e",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=fa2c0dc5cf9feb2eece6fc7cfe71ea3da40186da20ad93536e80aeb65bf9b83a"
                ),
            ]
        ),
        SignatureVector(
            name: "the root",
            method: "GET",
            host: "localhost",
            target: "/",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=6a600e3061ef9e3352b1055b9f45c0deb6fb0c4b414a8588958ac5574636518a"
                ),
            ]
        ),
        SignatureVector(
            name: "a hash of the body in a field",
            method: "POST",
            host: "localhost",
            target: "/x",
            fields: [
                ("X-Amz-Content-SHA256", "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"),
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
                        + "Signature=a7fa3ac2bc788da7db70b08b640b78bf75669b2bfa0fc9c1a56ae773f53b38a1"
                ),
            ],
            body: "body"
        ),
        SignatureVector(
            name: "a Date instead of X-Amz-Date",
            method: "GET",
            host: "localhost",
            target: "/x",
            fields: [
                ("Date", "Sun, 01 Mar 2026 12:36:00 -0000"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/us-east-1/lambda/aws4_request, "
                        + "SignedHeaders=date;host, "
                        + "Signature=09d7332b0eb95e6b4fd67d253c110786668c64081299fb053fe1fb5639829c5b"
                ),
            ]
        ),
        SignatureVector(
            name: "another region",
            method: "GET",
            host: "localhost",
            target: "/x",
            fields: [
                ("X-Amz-Date", "20260301T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=0123456789ab/20260301/eu-central-1/lambda/aws4_request, "
                        + "SignedHeaders=host;x-amz-date, "
                        + "Signature=4f25f450f6b8e21ddd4bfea87679e041527c65499f2404c27d37cc07ab9b20d0"
                ),
            ]
        ),
    ]
}
