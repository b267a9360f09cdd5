// SPDX-License-Identifier: Apache-2.0
// Finds the missing interpreter after execve(2) has failed with ENOENT for a file that exists: the
// interpreter of a script, or the dynamic linker. The exit message names it. Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "sandbox/sandbox.h"
#include <elf.h>

/// Bytes of a file that the kernel reads (BINPRM_BUF_SIZE), and its limit of nested scripts
/// (exec.c).
enum { HEAD_BYTES = 256, DEPTH_MAX = 5 };
/// Most program headers that are read; linkers write about a dozen.
enum { PROGRAM_HEADERS_MAX = 64 };

/// One step of the search.
struct search {
    /// The beginning of the file.
    union {
        char text[HEAD_BYTES];
        Elf64_Ehdr elf;
    } head;
    /// The interpreter that the file names.
    char name[CSANDBOX_INTERPRETER_MAX];
};

// Reads the first word of the first line as the kernel does: a carriage return is part of it.
static bool read_script(struct search *search, long size) {
    const char *text = search->head.text;
    char *name = search->name;
    long from = 2, length = 0;
    while (from < size && (text[from] == ' ' || text[from] == '\t'))
        from++;
    for (; from + length < size && length < CSANDBOX_INTERPRETER_MAX - 1; length++) {
        char next = text[from + length];
        if (next == ' ' || next == '\t' || next == '\n' || next == 0)
            break;
        name[length] = next;
    }
    name[length] = 0;
    return length > 0;
}

static bool read_elf(struct search *search, long file) {
    const Elf64_Ehdr *elf = &search->head.elf;
    char *name = search->name;
    Elf64_Phdr part;
    for (int i = 0; i < elf->e_phnum && i < PROGRAM_HEADERS_MAX; i++) {
        Elf64_Off place = elf->e_phoff + (Elf64_Off)i * sizeof part;
        if (SYS4(SYS_pread64, file, &part, sizeof part, place) != sizeof part)
            return false;
        if (part.p_type != PT_INTERP)
            continue;
        uint64_t size =
            part.p_filesz < sizeof search->name ? part.p_filesz : sizeof search->name - 1;
        long length = SYS4(SYS_pread64, file, name, size, part.p_offset);
        name[length > 0 ? length : 0] = 0;
        return length > 0;
    }
    return false;
}

// Writes to search->name, which may be `path` itself.
static bool read_interpreter(struct search *search, const char *path) {
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
                           .resolve = RESOLVE_NO_MAGICLINKS};
    long file = SYS4(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (file < 0)
        return false;
    long size = SYS4(SYS_pread64, file, &search->head, sizeof search->head, 0);
    const char *text = search->head.text;
    bool is_elf = size >= (long)sizeof search->head.elf && text[0] == ELFMAG0 &&
                  text[1] == ELFMAG1 && search->head.elf.e_ident[EI_CLASS] == ELFCLASS64;
    bool is_script = size > 2 && text[0] == '#' && text[1] == '!';
    bool found = is_elf ? read_elf(search, file) : is_script && read_script(search, size);
    SYS1(SYS_close, file);
    return found;
}

void sandbox_find_missing_interpreter(const char *path) {
    struct search search;
    for (int depth = 0; depth < DEPTH_MAX && read_interpreter(&search, path); depth++) {
        struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
        long file = SYS4(SYS_openat2, AT_FDCWD, search.name, &how, sizeof how);
        if (file == -ENOENT || file == -ENOTDIR) {
            for (unsigned i = 0; i < sizeof search.name; i++)
                slot.missing_interpreter[i] = search.name[i];
            return;
        }
        if (file >= 0)
            SYS1(SYS_close, file);
        path = search.name;
    }
}
