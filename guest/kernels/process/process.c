/* SPDX-License-Identifier: MIT */
/* The life of processes: fork and exec, scheduling, page faults, system calls, exit and wait. */
#include "guest/kernels/process/process.h"

struct process_counts process_counts;

static struct process processes[PROCESSES];
static struct process *unused_processes; /* list of the processes that do not exist */
static struct process *ready_queue, **ready_end = &ready_queue;

/* Returns the page-table flags (PTE_...) for a process's RIGHT_... bits. */
static u64 flags_of(u64 rights)
{
    return PTE_PRESENT | PTE_USER | PTE_ACCESSED | (rights & RIGHT_WRITE ? PTE_WRITABLE : 0) |
           (rights & RIGHT_EXECUTE ? 0 : PTE_NX);
}

/* ---- queues ---- */

static void make_ready(struct process *process)
{
    process->state = READY;
    process->next = NULL;
    *ready_end = process;
    ready_end = &process->next;
}

static struct process *take_ready(void)
{
    struct process *process = ready_queue;

    if (process && !(ready_queue = process->next)) {
        ready_end = &ready_queue;
    }
    return process;
}

static void make_unused(struct process *process)
{
    process->state = UNUSED;
    process->next = unused_processes;
    unused_processes = process;
}

/* ---- faults ---- */

/* Maps a new page at the page address `va`, with the part of the area's image that belongs there.
 */
static int bring_in(struct process *process, const struct area *area, u64 va)
{
    struct page *page = page_take_zeroed();
    u64 offset = va - area->start;

    if (!page) {
        return -XEN_ENOMEM;
    }
    if (area->image && offset < area->image_size) {
        u64 left = area->image_size - offset;

        memcpy(page_address(page), area->image + offset, left < PAGE_SIZE ? left : PAGE_SIZE);
    }
    int result = space_map(&process->space, va, page,
                           area->flags | (area->flags & PTE_WRITABLE ? PTE_DIRTY : 0));
    if (result) {
        page_release(page);
    }
    return result;
}

/* Handles a page fault: makes the access possible if the process's areas allow it, else returns
 * -XEN_EFAULT. */
static int fault_in(struct process *process, u64 va, bool write)
{
    struct area *area = area_at(process, va);

    process_counts.faults++;
    if (!area || (write && !(area->flags & PTE_WRITABLE))) {
        return -XEN_EFAULT;
    }
    entry_t *at = space_entry(&process->space, va, 1);
    if (!at || !entry_present(entry_get(at))) {
        return bring_in(process, area, va & ~(PAGE_SIZE - 1));
    }
    if (!write) {
        return -XEN_EFAULT;
    }
    process_counts.copies++;
    return space_unshare(&process->space, va);
}

/* Writes a word to a process's memory, and handles a page fault first if there is one. */
static int write_user(struct process *process, u64 va, u64 value)
{
    int result = space_write(&process->space, va, &value, sizeof value);

    if (result == -XEN_EFAULT && !fault_in(process, va, true)) {
        result = space_write(&process->space, va, &value, sizeof value);
    }
    return result;
}

/* ---- exit and wait ---- */

/* Gives an ended child's exit code to its parent, which has called CALL_WAIT, and frees the child.
 */
static void collect(struct process *parent, struct process *child)
{
    parent->children--;
    parent->frame.rax = child->number;
    if (parent->code_at && write_user(parent, parent->code_at, child->code)) {
        parent->frame.rax = (u64)-XEN_EFAULT;
    }
    make_unused(child);
}

/* Detaches the children of a process that ends: no process will ask for their exit codes. */
static void leave_children(struct process *parent)
{
    struct process *child;

    while ((child = parent->ended)) {
        parent->ended = child->next;
        make_unused(child);
    }
    for (unsigned i = 0; parent->children && i < PROCESSES; i++) {
        if (processes[i].parent == parent) {
            processes[i].parent = NULL;
        }
    }
}

/* Ends a process whose space has been destroyed: its parent gets its exit code now or later. */
static void ended(struct process *process, u64 code)
{
    struct process *parent = process->parent;

    process_counts.live--;
    process->state = ENDED;
    process->code = code;
    leave_children(process);
    if (!parent) {
        make_unused(process);
    } else if (parent->state == WAITING) {
        make_ready(parent);
        collect(parent, process);
    } else {
        process->next = parent->ended;
        parent->ended = process;
    }
}

/* Destroys a process's space and ends the process. */
static void end(struct process *process, u64 code)
{
    if (space_destroy(&process->space)) {
        panic("A space cannot be torn down");
    }
    ended(process, code);
}

/* CALL_WAIT: gives the process an ended child's exit code now, or when a child ends. */
static void wait(struct process *process)
{
    struct process *child = process->ended;

    process->code_at = process->frame.rdi;
    if (child) {
        process->ended = child->next;
        collect(process, child);
    } else if (process->children) {
        process->state = WAITING;
    } else {
        process->frame.rax = (u64)-XEN_ECHILD;
    }
}

/* ---- fork and exec ---- */

/* Counts a new process. */
static void count_created(void)
{
    process_counts.created++;
    if (++process_counts.live > process_counts.most_live) {
        process_counts.most_live = process_counts.live;
    }
}

static s64 fork(struct process *parent)
{
    struct process *child = unused_processes;

    if (!child) {
        return -XEN_EAGAIN;
    }
    int result = space_duplicate(&child->space, &parent->space);
    if (result) {
        return result;
    }
    unused_processes = child->next;
    child->parent = parent;
    child->children = 0;
    child->ended = NULL;
    child->handler = parent->handler;
    child->in_handler = parent->in_handler;
    child->frame = parent->frame;
    child->frame.rax = 0;
    child->interrupted = parent->interrupted;
    memcpy(child->areas, parent->areas, sizeof child->areas);
    parent->children++;
    count_created();
    make_ready(child);
    return (s64)child->number;
}

/* Gives a process a new space with a program, of whose code and stack nothing is mapped yet, and
 * the registers with which the program starts. */
static int load(struct process *process, const struct image *image, u64 argument)
{
    u64 size = (u64)(image->stop - image->start);
    u64 entry = (u64)(uintptr_t)image->entry - (u64)(uintptr_t)image->start;
    int result = space_create(&process->space);

    if (result) {
        return result;
    }
    memset(process->areas, 0, sizeof process->areas);
    memset(&process->frame, 0, sizeof process->frame);
    area_add(process,
             (struct area){USER_IMAGE, USER_IMAGE + ((size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)),
                           flags_of(RIGHT_EXECUTE), image->start, size});
    area_add(process,
             (struct area){USER_STACK_START, USER_STACK_END, flags_of(RIGHT_WRITE), NULL, 0});
    process->handler = 0;
    process->in_handler = false;
    process->frame.rip = USER_IMAGE + entry;
    process->frame.rsp = USER_STACK_END - 8;
    process->frame.rflags = RFLAGS_IF;
    process->frame.rdi = argument;
    return 0;
}

/* CALL_EXEC: replaces the program of a process. */
static void exec(struct process *process, const struct image *image, u64 argument)
{
    if (space_destroy(&process->space)) {
        panic("A space cannot be torn down");
    }
    if (load(process, image, argument)) {
        ended(process, FAILED);
    }
}

/* ---- system calls ---- */

/* CALL_RETURN: continues where the fault handler's fault happened, some bytes further on. */
static void return_from_handler(struct process *process)
{
    u64 skip = process->frame.rdi;

    process->frame = process->interrupted;
    process->frame.rip += skip;
    process->in_handler = false;
}

static void system_call(struct process *process)
{
    struct trap_frame *frame = &process->frame;
    u64 call = frame->rax, a = frame->rdi, b = frame->rsi, c = frame->rdx;

    frame->rax = 0;
    if (call == CALL_NOTHING) {
        return;
    }
    if (call == CALL_YIELD) {
        process->yields = true;
    } else if (call == CALL_EXIT) {
        end(process, a);
    } else if (call == CALL_FORK) {
        frame->rax = (u64)fork(process);
    } else if (call == CALL_EXEC) {
        exec(process, &images[a != 0], b);
    } else if (call == CALL_WAIT) {
        wait(process);
    } else if (call == CALL_MAP) {
        frame->rax = (u64)area_add(process, (struct area){a, a + b, flags_of(c), NULL, 0});
    } else if (call == CALL_UNMAP) {
        frame->rax = (u64)area_change(process, a, b, true, 0);
    } else if (call == CALL_PROTECT) {
        frame->rax = (u64)area_change(process, a, b, false, flags_of(c));
    } else if (call == CALL_HANDLER) {
        process->handler = a;
    } else if (call == CALL_RETURN) {
        return_from_handler(process);
    } else if (call == CALL_REPORT) {
        process_report(process, a, b, c);
    } else {
        frame->rax = (u64)-XEN_ENOSYS;
    }
}

/* Lets a process continue in its fault handler, after a fault at `va` that the kernel cannot
 * handle. Ends a process that has no handler, or whose handler has faulted. */
static void upcall(struct process *process, u64 va)
{
    struct trap_frame *frame = &process->frame;

    if (!process->handler || process->in_handler) {
        end(process, FAILED);
        return;
    }
    process_counts.upcalls++;
    process->interrupted = *frame;
    process->in_handler = true;
    frame->rip = process->handler;
    frame->rsp = ((frame->rsp - 128) & ~15ull) - 8;
    frame->rdi = va;
    frame->rsi = frame->error;
}

/* Runs a process once in user mode, and acts on the reason for which user_run returned. */
static void run(struct process *process)
{
    struct trap_frame *frame = &process->frame;

    user_run(frame);
    if (frame->vector == VECTOR_SYSCALL) {
        system_call(process);
    } else if (frame->vector == VECTOR_PF) {
        u64 va = trap_address();

        if (fault_in(process, va, frame->error & PF_WRITE)) {
            upcall(process, va);
        }
    } else if (frame->vector != VECTOR_EVENT) {
        end(process, FAILED);
    }
}

/* Runs a process until it yields, waits or ends. */
static void run_slice(struct process *process)
{
    process->yields = false;
    while (process->state == READY && !process->yields) {
        if (space_activate(&process->space)) {
            end(process, FAILED);
            return;
        }
        run(process);
    }
    if (process->state == READY) {
        make_ready(process);
    }
}

u64 processes_run(void)
{
    struct process *process;

    unused_processes = NULL;
    for (unsigned i = PROCESSES; i > 0; i--) {
        processes[i - 1].number = i;
        make_unused(&processes[i - 1]);
    }
    struct process *first = unused_processes;
    if (load(first, &images[0], 0)) {
        panic("The first process cannot be made");
    }
    unused_processes = first->next;
    first->parent = NULL;
    count_created();
    make_ready(first);
    while ((process = take_ready())) {
        run_slice(process);
    }
    return first->code;
}
