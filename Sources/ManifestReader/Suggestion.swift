// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest known word to a misspelt one.

/// The known word nearest to `word`, if it is near enough to be what was meant.
///
/// Near enough is a third of the word's length, so that `tmeout` finds `timeout` and `x` finds nothing.
package func suggestion(for word: String, among known: [String]) -> String? {
    let given = Array(word.lowercased().prefix(wordLengthMax).utf8)
    let candidates = known.map { (name: $0, distance: editDistance(given, Array($0.lowercased().utf8))) }
    guard let nearest = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
    return nearest.distance <= Swift.max(1, given.count / 3) ? nearest.name : nil
}

/// Longer words are cut: the distance costs the product of both lengths.
private let wordLengthMax = 64

/// Insertions, deletions, replacements and swaps of neighbours that make one word the other.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            var best = Swift.min(row[j] + 1, last[j + 1] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = Swift.min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}
