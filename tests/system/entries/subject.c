/* SPDX-License-Identifier: MIT */
/* Starting a process of 64 or 32 bits under a debugger. Its program is an ELF image made here, so
 * that no compiler for 32 bits is needed. */
#include "tests/system/entries/subject.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path_of(unsigned bits)
{
    return bits == 64 ? "/tmp/subject64" : "/tmp/subject32";
}

static size_t image_64(uint8_t *to)
{
    Elf64_Ehdr header = {.e_type = ET_EXEC,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_entry = SUBJECT_CODE,
                         .e_phoff = sizeof header,
                         .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 1};
    Elf64_Phdr segment = {.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_W | PF_X,
                          .p_vaddr = SUBJECT_BASE,
                          .p_filesz = sizeof header + sizeof segment,
                          .p_memsz = SUBJECT_SIZE,
                          .p_align = 0x1000};

    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(to, &header, sizeof header);
    memcpy(to + sizeof header, &segment, sizeof segment);
    return sizeof header + sizeof segment;
}

static size_t image_32(uint8_t *to)
{
    Elf32_Ehdr header = {.e_type = ET_EXEC,
                         .e_machine = EM_386,
                         .e_version = EV_CURRENT,
                         .e_entry = SUBJECT_CODE,
                         .e_phoff = sizeof header,
                         .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf32_Phdr),
                         .e_phnum = 1};
    Elf32_Phdr segment = {.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_W | PF_X,
                          .p_vaddr = SUBJECT_BASE,
                          .p_filesz = sizeof header + sizeof segment,
                          .p_memsz = SUBJECT_SIZE,
                          .p_align = 0x1000};

    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(to, &header, sizeof header);
    memcpy(to + sizeof header, &segment, sizeof segment);
    return sizeof header + sizeof segment;
}

/* Writes the program's file, unless it is there. */
static bool make_image(unsigned bits)
{
    uint8_t image[256];
    size_t size = bits == 64 ? image_64(image) : image_32(image);
    int file = open(path_of(bits), O_WRONLY | O_CREAT | O_EXCL, 0700);
    bool good;

    if (file < 0) {
        return errno == EEXIST;
    }
    good = write(file, image, size) == (ssize_t)size;
    close(file);
    return good;
}

/* Reads AT_SYSINFO of a process of 32 bits. */
static uint64_t find_vdso(pid_t pid)
{
    char name[64];
    uint32_t pair[2];
    uint64_t found = 0;
    int file;

    snprintf(name, sizeof name, "/proc/%d/auxv", pid);
    file = open(name, O_RDONLY);
    while (file >= 0 && read(file, pair, sizeof pair) == (ssize_t)sizeof pair && pair[0]) {
        if (pair[0] == AT_SYSINFO) {
            found = pair[1];
        }
    }
    if (file >= 0) {
        close(file);
    }
    return found;
}

bool subject_start(struct subject *s, unsigned bits)
{
    int status;

    if (!make_image(bits)) {
        return false;
    }
    s->bits = bits;
    s->pid = fork();
    if (s->pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execl(path_of(bits), path_of(bits), (char *)NULL);
        _exit(1);
    }
    if (s->pid < 0 || waitpid(s->pid, &status, 0) != s->pid || !WIFSTOPPED(status)) {
        return false;
    }
    s->start = subject_get(s);
    s->vdso = bits == 32 ? find_vdso(s->pid) : 0;
    return true;
}

void subject_end(struct subject *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

struct user_regs_struct subject_get(const struct subject *s)
{
    struct user_regs_struct r = {0};

    ptrace(PTRACE_GETREGS, s->pid, NULL, &r);
    return r;
}

void subject_set(const struct subject *s, const struct user_regs_struct *r)
{
    ptrace(PTRACE_SETREGS, s->pid, NULL, r);
}

void subject_write(const struct subject *s, uint64_t at, const void *from, size_t count)
{
    struct iovec local = {(void *)from, count}, remote = {(void *)at, count};

    if (process_vm_writev(s->pid, &local, 1, &remote, 1, 0) != (ssize_t)count) {
        printf("entries: cannot write to the subject\n");
    }
}

bool subject_resume(const struct subject *s, int request, int *signal)
{
    int status = 0;

    *signal = -1;
    if (ptrace(request, s->pid, NULL, NULL) || waitpid(s->pid, &status, 0) != s->pid ||
        !WIFSTOPPED(status)) {
        return false;
    }
    *signal = WSTOPSIG(status);
    return true;
}
