// SPDX-License-Identifier: Apache-2.0
// How many files this process and its helpers may have open. GatewayProcess raises it before there are any.

import Glibc

enum FileLimit {
    /// Raises the soft limit, which is for programs that use select(2), to the hard one.
    ///
    /// Every connection, container and slot holds descriptors; helpers inherit the limit at their start.
    ///
    /// - Returns: why it could not be; nil when it is as high as it gets.
    static func raise() -> String? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return systemMessage(errno)
        }
        limit.rlim_cur = limit.rlim_max
        let result = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return result == 0 ? nil : systemMessage(errno)
    }
}
