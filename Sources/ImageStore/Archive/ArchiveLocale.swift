// SPDX-License-Identifier: Apache-2.0
// The locale with which libarchive converts names. All code that reads or writes tar runs in it.

import Glibc

enum ArchiveLocale {
    // SAFETY: made once, never changed or freed; a locale_t may be used by any number of threads.
    private nonisolated(unsafe) static let utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)

    /// Runs `body` with UTF-8 names on this thread, and restores the thread's locale.
    ///
    /// A host without C.UTF-8 (none is known) keeps the raw bytes of names that are not ASCII.
    static func run<Value: ~Copyable>(_ body: () throws(ImageError) -> Value) throws(ImageError) -> Value {
        guard let utf8 else { return try body() }
        let previous = uselocale(utf8)
        defer { uselocale(previous) }
        return try body()
    }
}
