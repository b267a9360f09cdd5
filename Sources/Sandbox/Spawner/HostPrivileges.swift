// SPDX-License-Identifier: Apache-2.0
// Whether this process is the host's root: user id 0 alone does not say so inside a user namespace.

import Foundation
import Glibc

enum HostPrivileges {
    /// Seen once, at the start: the gateway may give up what it had.
    static let areFull: Bool = {
        let map = FileManager.default.contents(atPath: "/proc/self/uid_map") ?? Data()
        return geteuid() == 0 && isInitial(userMap: String(decoding: map, as: UTF8.self))
    }()

    /// Whether a user namespace with this map has every id as itself (user_namespaces(7)), as only the first one has.
    static func isInitial(userMap: String) -> Bool {
        let fields = userMap.split(whereSeparator: \.isWhitespace)
        return fields == ["0", "0", "4294967295"]
    }
}
