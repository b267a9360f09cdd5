// SPDX-License-Identifier: Apache-2.0
// Suggestions for misspelt names: the nearest known one by edit distance.

/// The known name that is nearest to `name`; nil when none is near.
func nearestName(_ name: String, among known: [String]) -> String? {
    // With more than a third of its letters wrong it is a different word instead of a typing error.
    let budget = max(1, name.count / 3)
    let ranked = known.map { (name: $0, distance: editDistance(Array(name), Array($0))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= budget else {
        return nil
    }
    return best.name
}

/// `; did you mean 'X'?`, or nothing.
func nearestHint(_ name: String, among known: [String]) -> String {
    nearestName(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    // Longer names get no hints, which bounds the table below.
    guard left.count <= 64, right.count <= 64 else { return Int.max }
    var rows = [Array(0...right.count)]
    for (i, letter) in left.enumerated() {
        var row = [i + 1]
        for (j, other) in right.enumerated() {
            var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (letter == other ? 0 : 1))
            if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other {
                cost = min(cost, rows[i - 1][j - 1] + 1)
            }
            row.append(cost)
        }
        rows.append(row)
    }
    return rows[left.count][right.count]
}
