/* SPDX-License-Identifier: MIT */
/* The floating-point unit: its start state, its contents across calls and traps, and TS.
 *
 * A new domain must find the unit as after a reset, without values of another domain. With
 * fpu_taskswitch (or a move to cr0) the guest sets TS, and its next use of the unit is #NM. Neither
 * its contents nor TS change when the hypervisor reads a page table, in which it may use vector
 * registers itself. */
#include "tests/guests/common/guest.h"

struct fx_area {
    u16 fcw, fsw;
    u8 ftw, reserved;
    u16 fop;
    u64 fip, fdp;
    u32 mxcsr, mxcsr_mask;
    u8 st[8][16];
    u8 xmm[16][16];
    u8 rest[96];
} __attribute__((aligned(16)));

static struct fx_area area;

static void save(void)
{
    memset(&area, 0, sizeof area);
    __asm__ volatile("fxsaveq %0" : "=m"(area));
}

static void check_start_state(void)
{
    save();
    check_equal(area.fcw, 0x37f, "the control word");
    check_equal(area.mxcsr, 0x1f80, "mxcsr");
    check_equal(area.ftw, 0, "the tag word: nothing on the stack");
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned j = 0; j < 16; j++) {
            check(!area.xmm[i][j], "byte %u of xmm%u is %x", j, i, area.xmm[i][j]);
        }
    }
}

static void set_xmm(u64 value)
{
    __asm__ volatile("movq %0, %%xmm0; movq %1, %%xmm15" ::"r"(value), "r"(~value));
}

static u64 xmm0(void)
{
    u64 value;
    __asm__ volatile("movq %%xmm0, %0" : "=r"(value));
    return value;
}

static void resume(struct trap_frame *frame)
{
    frame->rip += 2;
}

static void check_kept(void)
{
    struct xen_feature_info info = {0};

    set_xmm(0x123456789abcdef);
    xen_version(XENVER_get_features, &info);
    sched_op(SCHEDOP_yield, NULL);
    check_equal(xmm0(), 0x123456789abcdef, "xmm0 after hypercalls");
    trap_take(VECTOR_UD, resume);
    __asm__ volatile("ud2");
    trap_take(VECTOR_UD, NULL);
    check_equal(xmm0(), 0x123456789abcdef, "xmm0 after a trap");
    for (unsigned i = 0; i < 1000; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    save();
    check_equal(*(u64 *)area.xmm[0], 0x123456789abcdef, "xmm0 after a thousand yields");
    check_equal(*(u64 *)area.xmm[15], ~0x123456789abcdeful, "xmm15 after a thousand yields");
}

static void use_sse(void *unused)
{
    (void)unused;
    __asm__ volatile("movq %%rax, %%xmm1" ::: "memory");
}

static void use_fpu(void *unused)
{
    (void)unused;
    __asm__ volatile("fnop");
}

static void clear_ts(void *unused)
{
    (void)unused;
    __asm__ volatile("clts");
}

static void set_ts(void *unused)
{
    u64 cr0;

    (void)unused;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" ::"r"(cr0 | 8));
}

static u64 read_cr0(void)
{
    u64 cr0;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    return cr0;
}

static void check_task_switch(void)
{
    set_xmm(42);
    check_equal(hypercall(__HYPERVISOR_fpu_taskswitch, 1, 0, 0), 0, "setting TS");
    check(read_cr0() & 8, "TS in cr0: %lx", read_cr0());
    check_traps(VECTOR_NM, use_sse, NULL, "SSE with TS raises %lu", trap_caught.vector);
    check(!trap_catch(use_sse, NULL), "TS is still set after #NM");
    check(!(read_cr0() & 8), "TS in cr0 after #NM: %lx", read_cr0());
    check_equal(xmm0(), 42, "xmm0 after #NM");

    check_equal(hypercall(__HYPERVISOR_fpu_taskswitch, 1, 0, 0), 0, "setting TS");
    check_equal(hypercall(__HYPERVISOR_fpu_taskswitch, 0, 0, 0), 0, "clearing TS");
    check(!trap_catch(use_fpu, NULL), "TS is still set");

    check(!trap_catch(set_ts, NULL), "mov to cr0 raises %lu", trap_caught.vector);
    check_traps(VECTOR_NM, use_fpu, NULL, "x87 with TS by cr0 raises %lu", trap_caught.vector);
    check(!trap_catch(set_ts, NULL), "mov to cr0 raises %lu", trap_caught.vector);
    check(!trap_catch(clear_ts, NULL), "clts raises %lu", trap_caught.vector);
    check(!trap_catch(use_fpu, NULL), "TS is still set after clts");
    check_equal(xmm0(), 42, "xmm0 at the end");
}

static u8 promoted[PAGE_SIZE] __attribute__((aligned(4096)));

/* Makes `promoted` a page table, which is read as a whole, and an ordinary page again. */
static void pin_and_unpin(void)
{
    check_equal(update_va_mapping(address(promoted), entry_for(promoted, PTE_RO), UVMF_INVLPG), 0,
                "read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(promoted), 0), 0, "pinning");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(promoted), 0), 0, "unpinning");
    check_equal(update_va_mapping(address(promoted), entry_for(promoted, PTE_RW), UVMF_INVLPG), 0,
                "writable again");
}

static void check_promotion(void)
{
    static struct fx_area before;

    set_xmm(0xfedcba987654321);
    save();
    before = area;
    pin_and_unpin();
    save();
    check(memcmp(&area, &before, sizeof area) == 0, "the contents after a promotion");
    check_equal(hypercall(__HYPERVISOR_fpu_taskswitch, 1, 0, 0), 0, "setting TS");
    pin_and_unpin();
    check(read_cr0() & 8, "TS in cr0 after a promotion: %lx", read_cr0());
    check_traps(VECTOR_NM, use_sse, NULL, "SSE with TS raises %lu", trap_caught.vector);
    save();
    check(memcmp(&area, &before, sizeof area) == 0, "the contents after a promotion with TS");
}

static void divide(void *unused)
{
    u16 unmasked = 0x37f & ~4;

    (void)unused;
    __asm__ volatile("fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(unmasked) : "memory");
}

/* Only exceptions of x87: QEMU's emulator does not raise those of SSE. */
static void check_exceptions(void)
{
    check_traps(VECTOR_MF, divide, NULL, "a division by zero raises %lu", trap_caught.vector);
    __asm__ volatile("fnclex; fninit");
}

void test_main(void)
{
    check_start_state();
    check_kept();
    check_task_switch();
    check_promotion();
    check_exceptions();
}
