/* SPDX-License-Identifier: MIT */
/* Operations on the memory of one process: map, touch, protect, unmap, copy-on-write, signals. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "bench/guest/measure.h"

#define PAGE 4096ul

static char *map(unsigned pages)
{
    char *memory =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(memory != MAP_FAILED, "mmap");
    must(!madvise(memory, pages * PAGE, MADV_NOHUGEPAGE),
         "madvise"); /* a PV guest has small pages only */
    return memory;
}

static void fill(char *memory, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++) {
        ((volatile char *)memory)[i * PAGE] = 1;
    }
}

void null_call(unsigned count)
{
    begin(null_call);
    for (unsigned i = 0; i < count; i++) {
        syscall(SYS_getppid);
    }
    end();
}

void null_call_pages(unsigned count)
{
    char *memory = map(64);

    fill(memory, 64);
    begin(null_call_pages);
    for (unsigned i = 0; i < count; i++) {
        fill(memory, 64);
        syscall(SYS_getppid);
    }
    end();
    munmap(memory, 64 * PAGE);
}

void touch(unsigned count)
{
    char *memory = map(count);

    begin(touch);
    fill(memory, count);
    end();
    munmap(memory, count * PAGE);
}

/* Takes write access to `count` / 8 pages away and gives it back, four times. */
void protect(unsigned count)
{
    unsigned pages = count / 8;
    char *memory = map(pages);

    fill(memory, pages);
    begin(protect);
    for (unsigned i = 0; i < 4; i++) {
        mprotect(memory, pages * PAGE, PROT_READ);
        mprotect(memory, pages * PAGE, PROT_READ | PROT_WRITE);
    }
    end();
    munmap(memory, pages * PAGE);
}

void unmap(unsigned count)
{
    char *memory = map(count);

    fill(memory, count);
    begin(unmap);
    munmap(memory, count * PAGE);
    end();
}

void copy_on_write(unsigned count)
{
    char *memory = map(count);
    int go[2];
    char byte;

    fill(memory, count);
    must(!pipe(go), "pipe");
    pid_t child = fork();
    if (!child) { /* the child keeps the pages shared until its parent has written to all of them */
        close(go[1]);
        _exit(read(go[0], &byte, 1) < 0);
    }
    close(go[0]);
    begin(copy_on_write);
    fill(memory, count);
    end();
    close(go[1]);
    waitpid(child, NULL, 0);
    munmap(memory, count * PAGE);
}

void map_touch_unmap(unsigned count)
{
    begin(map_touch_unmap);
    for (unsigned i = 0; i < count; i++) {
        char *memory = map(16);

        fill(memory, 16);
        munmap(memory, 16 * PAGE);
    }
    end();
}

static void step_over(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 3;
}

static void catch (int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

    sigaction(number, &action, NULL);
}

void protection_fault(unsigned count)
{
    char *memory = map(1);

    fill(memory, 1);
    mprotect(memory, PAGE, PROT_READ);
    catch (SIGSEGV, step_over);
    begin(protection_fault);
    for (unsigned i = 0; i < count; i++) {
        __asm__ volatile("movb $0, (%0)" ::"a"(memory)
                         : "memory"); /* an instruction of three bytes, which the handler skips */
    }
    end();
    signal(SIGSEGV, SIG_DFL);
    munmap(memory, PAGE);
}

static void nothing(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
}

void own_signal(unsigned count)
{
    pid_t self = getpid();

    catch (SIGUSR1, nothing);
    begin(own_signal);
    for (unsigned i = 0; i < count; i++) {
        kill(self, SIGUSR1);
    }
    end();
    signal(SIGUSR1, SIG_DFL);
}
