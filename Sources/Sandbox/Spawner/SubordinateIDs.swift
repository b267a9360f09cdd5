// SPDX-License-Identifier: Apache-2.0
// Ids that the system's administrator gave an ordinary user for its containers (subuid(5), subgid(5)).

import Foundation
import Glibc

/// One range of user ids and one of group ids, equally long.
struct SubordinateIDs: Hashable, Sendable {
    /// With the user's own id they fill what one container has.
    static let countMax: UInt32 = 65_535
    /// The programs that may map such ids; the helper calls them by these names.
    private static let mappers = ["/usr/bin/newuidmap", "/usr/bin/newgidmap"]

    var firstUser: UInt32
    var firstGroup: UInt32
    var count: UInt32

    /// The ranges of this process's user, nil without a range or without a program that can map it.
    static func ofThisUser() -> SubordinateIDs? {
        guard mappers.allSatisfy({ access($0, X_OK) == 0 }) else { return nil }
        let id = geteuid()
        // SAFETY: getpwuid's answer is copied before any other call; the start of the program has no second thread in
        // it.
        let name = unsafe getpwuid(id).map { unsafe String(cString: $0.pointee.pw_name) }
        return find(users: text("/etc/subuid"), groups: text("/etc/subgid"), name: name, id: id)
    }

    /// The longest range of each file.
    ///
    /// - Parameters:
    ///   - users: text of /etc/subuid: `name-or-id:first:count` a line.
    ///   - groups: text of /etc/subgid; its lines name users, too.
    ///   - name: of the user, where it has one.
    ///   - id: of the user.
    /// - Returns: nil where one of the files has nothing for this user.
    static func find(users: String, groups: String, name: String?, id: UInt32) -> SubordinateIDs? {
        guard let user = longest(in: users, name: name, id: id),
            let group = longest(in: groups, name: name, id: id)
        else { return nil }
        return SubordinateIDs(
            firstUser: user.first,
            firstGroup: group.first,
            count: min(user.count, group.count, countMax)
        )
    }

    private static func longest(in text: String, name: String?, id: UInt32) -> (first: UInt32, count: UInt32)?
    {
        let ranges = text.split(separator: "\n").compactMap { line -> (first: UInt32, count: UInt32)? in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0] == name ?? "" || fields[0] == String(id),
                let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0,
                !first.addingReportingOverflow(count).overflow
            else { return nil }
            return (first, count)
        }
        return ranges.max { $0.count < $1.count }
    }

    /// On a system without the file no user has a range.
    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
