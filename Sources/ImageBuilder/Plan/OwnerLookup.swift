// SPDX-License-Identifier: Apache-2.0
// `--chown` by the stage's own passwd and group files (passwd(5), group(5)). Pure.

/// Names to numbers, as one image has them.
struct OwnerLookup: Hashable {
    /// Largest size of either file; enough for a hundred thousand accounts.
    static let fileSizeLimit = 16 << 20

    private let passwd: String
    private let group: String

    init(passwd: String, group: String) {
        self.passwd = passwd
        self.group = group
    }

    /// `uid` or `uid:gid`, which needs no file; nil when it contains a name.
    static func numeric(_ text: String) throws(StepFailure) -> CopyPlan.Owner? {
        let parts = try split(text)
        guard let uid = UInt32(parts.user) else { return nil }
        guard let group = parts.group else { return CopyPlan.Owner(uid: uid, gid: uid) }
        return UInt32(group).map { CopyPlan.Owner(uid: uid, gid: $0) }
    }

    /// A user name without a group has the group of its entry; a number without a group is both.
    func owner(_ text: String) throws(StepFailure) -> CopyPlan.Owner {
        let parts = try Self.split(text)
        let entry = Self.fields(of: parts.user, in: passwd)
        guard let uid = UInt32(parts.user) ?? entry.flatMap({ UInt32($0[2]) }) else {
            throw .unknownOwner(parts.user)
        }
        guard let name = parts.group else {
            let own = UInt32(parts.user) ?? entry.flatMap { $0.count > 3 ? UInt32($0[3]) : nil }
            return CopyPlan.Owner(uid: uid, gid: own ?? uid)
        }
        guard let gid = UInt32(name) ?? Self.fields(of: name, in: group).flatMap({ UInt32($0[2]) }) else {
            throw .unknownOwner(name)
        }
        return CopyPlan.Owner(uid: uid, gid: gid)
    }

    private static func split(_ text: String) throws(StepFailure) -> (user: String, group: String?) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, !parts[0].isEmpty, parts.last?.isEmpty == false else {
            throw .argument(text: "--chown=\(text)", expected: "user or user:group")
        }
        return (parts[0], parts.count == 2 ? parts[1] : nil)
    }

    /// The fields of the first line that begins with the name; at least three.
    private static func fields(of name: String, in text: String) -> [String]? {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            if fields.count >= 3, fields[0] == name { return fields }
        }
        return nil
    }
}
