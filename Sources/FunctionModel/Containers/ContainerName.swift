// SPDX-License-Identifier: Apache-2.0
// Names of containers and volumes, and the names of those that were given none.

/// Names of containers.
package enum ContainerName {
    /// Characters of an id.
    package static let idLength = 64
    /// Characters of an id that people see, and of the default host name.
    package static let shortIDLength = 12
    /// A file name's length: volumes are folders.
    package static let lengthMax = 255

    /// Checks a name by Docker's rule.
    ///
    /// - Parameters:
    ///   - text: the name; a slash in front is Docker's own form, and dropped.
    ///   - field: what it names, for the error.
    /// - Returns: the name.
    /// - Throws: ``ModelError``.
    package static func checked(_ text: String, field: String = "name") throws(ModelError) -> String {
        let name = text.hasPrefix("/") ? String(text.dropFirst()) : text
        let isValid =
            (2...lengthMax).contains(name.utf8.count) && name.utf8.allSatisfy(isAllowed)
            && name.utf8.first.map { isAllowed($0) && !"_.-".utf8.contains($0) } == true
        guard isValid else {
            throw ModelError(
                field: field,
                value: text,
                expected:
                    "2 to \(lengthMax) letters, digits, '_', '.' or '-', beginning with a letter or digit"
            )
        }
        return name
    }

    /// Whether every character is one of a name's.
    static func isMadeOfAllowed(_ text: String) -> Bool { text.utf8.allSatisfy(isAllowed) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// An id: 64 hexadecimal digits.
    package static func randomID(using generator: inout some RandomNumberGenerator) -> String {
        var text = ""
        while text.utf8.count < idLength {
            let digits = String(generator.next() as UInt64, radix: 16)
            text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return text
    }

    /// Two words with a line between them.
    ///
    /// - Parameters:
    ///   - attempt: how many names were taken already; a digit is added from the second on.
    ///   - generator: the source of randomness.
    /// - Returns: for example `quiet_heron`.
    package static func random(attempt: Int = 0, using generator: inout some RandomNumberGenerator) -> String
    {
        let first = adjectives.randomElement(using: &generator) ?? ""
        let second = nouns.randomElement(using: &generator) ?? ""
        let end = attempt == 0 ? "" : String(Int.random(in: 0...9, using: &generator))
        return first + "_" + second + end
    }

    private static let adjectives = """
        amber ample brave breezy bright brisk calm candid clever cosy crisp curious dapper eager early easy \
        fair fleet fluent fond frank fresh gentle glad golden grand green happy hardy honest humble jolly keen \
        kind level light lively loyal lucid lucky mellow merry mild modest neat nimble noble patient placid \
        plain polite prompt proud quick quiet rapid ready robust serene sharp silent silver simple sincere \
        smart smooth snug sober solid spry steady sturdy subtle sunny swift tame tidy trusty vivid warm wise
        """.split(separator: " ").map(String.init)

    private static let nouns = """
        adder alder aspen badger beaver beech birch bittern bream carp cedar crane cricket curlew dace dipper \
        dove dunlin eider elder elm falcon fern finch fox frog gannet gecko grebe gull hare hawk hazel heron \
        hobby hornet ibis jay kestrel kite lark linnet lynx maple marten martin mayfly merlin moth newt oak \
        osprey otter owl perch pine pipit plover poplar raven redstart reed robin rowan ruff salmon sedge shrew \
        siskin snipe sorrel sparrow spruce stoat stork swallow swan swift tench tern thrush toad trout vole \
        wagtail warbler willow wren yew
        """.split(separator: " ").map(String.init)
}
