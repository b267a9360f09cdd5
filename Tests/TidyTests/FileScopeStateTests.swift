// SPDX-License-Identifier: Apache-2.0
// C's mutable state is in one struct per process, and the rule sees what is elsewhere.

import Testing

@Suite("State of C files")
struct FileScopeStateTests {
    @Test("no C file of the tree has mutable state outside of its process's struct")
    func tree() {
        expectNone(SourceTree.c.flatMap { FileScopeState.violations(in: $0) })
    }

    @Test(
        "a variable that can change is found",
        arguments: [
            "int counter;", "static int ruleset = -1;", "static bool a, b;", "static char path[64];",
            "static char stack[64] __attribute__((aligned(16)));", "static const char *name;",
            "extern struct host host;", "static volatile sig_atomic_t done;", "struct slot spawner;",
            "static struct worker {\n    pid_t pid;\n} workers[4];", "static union {\n    int a;\n} head;",
            "static long (*treat)(int);", "int f(void) {\n    static int calls;\n    return calls++;\n}",
            "int f(int a) {\n    if (a) {\n        static union {\n            int a;\n        } message;\n    }\n}",
        ]
    )
    func mutable(text: String) {
        #expect(FileScopeState.violations(in: SourceFile("Sources/CSpawner/slot/a.c", text)).count == 1)
        #expect(FileScopeState.violations(in: SourceFile("Tests/SandboxTests/Programs/a.c", text)) == [])
    }

    @Test(
        "constants, types, functions and the structs of processes are not",
        arguments: [
            "struct slot slot;", "extern struct spawner spawner;",
            "static struct warden {\n    int a;\n} warden;",
            "static const int a = 1;", "static const char *const names[] = {\"a\", \"b\"};",
            "static const struct {\n    int a;\n} entries[] = {{1}};", "struct a {\n    int b;\n};",
            "struct a;",
            "enum { A = 1, B };", "int f(int a, char *b);", "long f(int (*entry)(void *), void *argument);",
            "static inline int f(void) { return 1; }",
            "#define A                                     \\\n    static int a;", "typedef int number;",
            "_Static_assert(sizeof(int) == 4, \"size\");",
            "int f(void) {\n    static const char *const names[] = {\"a\"};\n    int a = 1;\n    return a;\n}",
        ]
    )
    func constant(text: String) {
        #expect(FileScopeState.violations(in: SourceFile("Sources/CSpawner/slot/a.c", text)) == [])
    }
}
