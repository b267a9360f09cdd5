// SPDX-License-Identifier: Apache-2.0
// The environment variables that AWS Lambda defines for a runtime. FunctionCommand adds them.

package import FunctionModel

/// What a runtime finds in its environment besides the image's and the function's own variables.
package enum LambdaEnvironment {
    /// Where the Runtime API is served inside the sandbox; AWS's own emulator uses the same port.
    package static let port: UInt16 = 9001
    /// Of clients and of names; there is one place only.
    static let region = "us-east-1"
    static let version = "$LATEST"

    /// The Amazon Resource Name of a function.
    ///
    /// - Parameter name: of the function, with `:QUALIFIER` where it has one.
    /// - Returns: the full name.
    package static func arn(_ name: String) -> String {
        "arn:aws:lambda:\(region):\(LambdaInvocation.account):function:\(name)"
    }

    /// Variables that neither image nor function can set.
    ///
    /// - Parameters:
    ///   - revision: of the function.
    ///   - handler: the last word of its command.
    /// - Returns: by name.
    package static func reserved(_ revision: Revision, handler: String) -> [String: String] {
        [
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(port)",
            "AWS_LAMBDA_FUNCTION_NAME": revision.function.localName,
            "AWS_LAMBDA_FUNCTION_VERSION": version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(mebibytes(revision.configuration.limits.memory.bytes)),
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(revision.function)",
            "AWS_LAMBDA_LOG_STREAM_NAME": "[\(version)]\(revision.number)",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "_HANDLER": handler,
        ]
    }

    /// Variables that image or function may set.
    package static let defaults = [
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": "AWS_Lambda_Image",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_SESSION_TOKEN": "none",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "TZ": ":UTC",
    ]

    /// Whole mebibytes, at least one.
    static func mebibytes(_ bytes: Int) -> Int { max(1, bytes >> 20) }
}
