/* SPDX-License-Identifier: MIT */
/* Starting vCPUs, giving them work, and what each of them has of its own. */
#include "tests/guests/common/smp.h"

#define STACK 16384

extern char probe_write_code[] __asm__("probe_write");
extern char probe_read_code[] __asm__("probe_read");
extern char probe_selector_lar[], probe_faulted[];
int probe_selector(u64 selector, u64 *rights);
int probe_write(volatile void *at, u64 value);
int probe_read(const volatile void *at, u64 *value);

static u8 stacks[SMP_MAX][STACK] __attribute__((aligned(STACK)));
static struct {
    unsigned count;
    smp_work *work;
    _Atomic unsigned turn; /* the number of work functions started so far */
    _Atomic unsigned done; /* vCPUs that have finished this turn's work */
    _Atomic unsigned at_barrier, barriers;
    u64 random[SMP_MAX];
} smp = {.count = 1};

unsigned smp_count(void)
{
    unsigned count = 0;

    while (count < SMP_MAX && vcpu_op(VCPUOP_is_up, count, NULL) >= 0) {
        count++;
    }
    return count;
}

/* Found by the stack that it runs on; vCPU 0 has a different stack. */
unsigned smp_self(void)
{
    u64 offset = address(__builtin_frame_address(0)) - address(stacks);

    return offset < sizeof stacks ? (unsigned)(offset / STACK) : 0;
}

struct vcpu_info *smp_info(void)
{
    return &shared_info->vcpu_info[smp_self()];
}

u64 smp_now(void)
{
    return time_of(&smp_info()->time);
}

u32 smp_below(u32 limit)
{
    u64 *x = &smp.random[smp_self()];

    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return (u32)(*x >> 16) % limit;
}

void smp_jitter(void)
{
    u32 kind = smp_below(8);

    if (kind == 0) {
        cpu_relax();
    } else if (kind < 3) {
        for (u32 i = smp_below(200); i; i--) {
            __builtin_ia32_pause();
        }
    }
}

bool smp_write(volatile void *at, u64 value)
{
    return !probe_write(at, value);
}

bool smp_read(const volatile void *at, u64 *value)
{
    return !probe_read(at, value);
}

bool smp_selector(u64 selector, u64 *rights)
{
    return !probe_selector(selector, rights);
}

static void page_fault(struct trap_frame *frame)
{
    if (frame->rip != address(probe_write_code) && frame->rip != address(probe_read_code) &&
        frame->rip != address(probe_selector_lar)) {
        error("vCPU %u: page fault at %lx, error code %lx, rip %lx", smp_self(),
              smp_info()->arch.cr2, frame->error, frame->rip);
    }
    frame->rip = address(probe_faulted);
}

void smp_barrier(void)
{
    unsigned now = atomic_load(&smp.barriers);

    if (atomic_fetch_add(&smp.at_barrier, 1) + 1 == smp.count) {
        atomic_store(&smp.at_barrier, 0);
        atomic_store(&smp.barriers, now + 1);
        return;
    }
    while (atomic_load(&smp.barriers) == now) {
        cpu_relax();
    }
}

/* What every vCPU but the first runs: it does the work of each turn once. */
static void worker(void)
{
    for (unsigned turn = 1;; turn++) {
        while (atomic_load(&smp.turn) < turn) {
            cpu_relax();
        }
        smp.work(smp_self());
        atomic_fetch_add(&smp.done, 1);
    }
}

void smp_context(struct vcpu_guest_context *context, unsigned vcpu, void (*function)(void))
{
    memset(context, 0, sizeof *context);
    context->flags = VGCF_in_kernel;
    context->user_regs.rip = address((void *)(uintptr_t)function);
    context->user_regs.rsp = address(stacks[vcpu] + STACK - 8);
    context->user_regs.cs = FLAT_KERNEL_CS;
    context->user_regs.ss = FLAT_KERNEL_SS;
    context->user_regs.rflags = RFLAGS_IF | RFLAGS_FIXED;
    context->kernel_ss = FLAT_KERNEL_SS;
    context->kernel_sp = address(stacks[vcpu] + STACK);
    context->ctrlreg[3] = xen_pfn_to_cr3(mfn_of(root_first()));
    context->event_callback_eip = address(event_entry);
    for (unsigned i = 0; i < TRAP_ENTRIES; i++) {
        struct trap_info one = trap_description(i);

        context->trap_ctxt[one.vector] = one;
    }
    shared_info->vcpu_info[vcpu].evtchn_upcall_mask = 1;
}

void smp_start(unsigned count)
{
    static struct vcpu_guest_context context __attribute__((aligned(64)));
    unsigned there = smp_count();

    if (there < count) {
        skip("this takes %u vCPUs, and there are %u", count, there);
    }
    for (unsigned i = 0; i < SMP_MAX; i++) {
        smp.random[i] = 0x9e3779b97f4a7c15ull * (i + 1);
    }
    trap_take(VECTOR_PF, page_fault);
    smp.count = count;
    for (unsigned i = 1; i < count; i++) {
        smp_context(&context, i, worker);
        if (vcpu_op(VCPUOP_initialise, i, &context) || vcpu_op(VCPUOP_up, i, NULL)) {
            error("vCPU %u does not start", i);
        }
    }
}

void smp_run(smp_work *work)
{
    smp.work = work;
    atomic_store(&smp.done, 0);
    atomic_fetch_add(&smp.turn, 1);
    work(0);
    while (atomic_load(&smp.done) < smp.count - 1) {
        cpu_relax();
    }
}

static struct {
    smp_work *work;
    bool (*enough)(void);
    u64 end, last_end;
    _Atomic bool over;
} race;

static bool is_over(void)
{
    u64 now = smp_now();

    return now > race.last_end || (now > race.end && (!race.enough || race.enough()));
}

static void one_racer(unsigned self)
{
    smp_barrier();
    while (!atomic_load(&race.over)) {
        race.work(self);
        smp_jitter();
        if (self == 0 && is_over()) {
            atomic_store(&race.over, true);
        }
    }
}

void smp_race(smp_work *work, unsigned milliseconds, bool (*enough)(void))
{
    u64 now = smp_now();

    race.work = work;
    race.enough = enough;
    race.end = now + milliseconds * MILLISECOND;
    race.last_end = now + PATIENCE;
    atomic_store(&race.over, false);
    smp_run(one_racer);
}
