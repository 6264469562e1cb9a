/* SPDX-License-Identifier: MIT */
/* Exceptions of the guest kernel are delivered to the guest kernel.
 *
 * The processor delivers them to the hypervisor, which writes a frame on the guest's stack and
 * continues at the address in the guest's trap table. This test raises each exception it can raise,
 * and checks the frame byte by byte: vector, error code, address, saved registers, alignment, the
 * saved event mask and what the flags and the mask are in the handler. */
#include "tests/guests/common/guest.h"

/* What raw_entry saves: the frame as it was delivered. It then continues at the ordinary entry of
 * #UD. */
u64 raw_frame[9], raw_rsp, raw_rflags;
u8 raw_mask;
void raw_entry(void);
__asm__(".text\n"
        "raw_entry:\n"
        "    mov %rsp, raw_rsp(%rip)\n"
        "    mov %rsi, raw_saved(%rip)\n"
        "    mov %rdi, raw_saved + 8(%rip)\n"
        "    pushf\n"
        "    popq raw_rflags(%rip)\n"
        "    mov %rsp, %rsi\n"
        "    lea raw_frame(%rip), %rdi\n"
        "    mov $9, %ecx\n"
        "    cld\n"
        "    rep movsq\n"
        "    mov shared_info(%rip), %rsi\n"
        "    mov 1(%rsi), %cl\n"
        "    mov %cl, raw_mask(%rip)\n"
        "    mov raw_saved(%rip), %rsi\n"
        "    mov raw_saved + 8(%rip), %rdi\n"
        "    jmp *raw_next(%rip)\n"
        ".bss\n"
        "raw_saved: .skip 16\n"
        ".text\n");
u64 raw_next;

static void do_ud(void *unused)
{
    (void)unused;
    __asm__ volatile("ud2");
}

static void do_de(void *unused)
{
    (void)unused;
    __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx" ::
                         : "eax", "ecx", "edx");
}

static void do_bp(void *unused)
{
    (void)unused;
    __asm__ volatile("int3");
}

static void do_gp_noncanonical(void *unused)
{
    (void)unused;
    (void)*(volatile u64 *)(1ull << 63);
}

static void do_load_bad_selector(void *selector)
{
    __asm__ volatile("mov %0, %%es" ::"r"((u32)address(selector)));
}

static void do_int_0x80(void *unused)
{
    (void)unused;
    __asm__ volatile("int $0x80");
}

static void do_int_0x21(void *unused)
{
    (void)unused;
    __asm__ volatile("int $0x21");
}

static void do_execute(void *at)
{
    ((void (*)(void))(uintptr_t)at)();
}

static void do_noncanonical_stack(void *unused)
{
    (void)unused;
    __asm__ volatile("mov %%rsp, %%rbx; movabs $0x8000000000000000, %%rbp; mov (%%rbp), %%rax" ::
                         : "rbx", "rax", "memory");
}

static void set_one(unsigned vector, unsigned flags, u64 address_of_handler, u16 cs)
{
    struct trap_info table[2];

    memset(table, 0, sizeof table);
    table[0].vector = vector;
    table[0].flags = flags;
    table[0].cs = cs;
    table[0].address = address_of_handler;
    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), 0, "set_trap_table");
}

static void check_vectors(void)
{
    check_traps(VECTOR_UD, do_ud, NULL, "ud2 raises %lu", trap_caught.vector);
    check(*(u16 *)(uintptr_t)trap_caught.rip == 0x0b0f, "rip %lx is not at the ud2",
          trap_caught.rip);
    check_traps(VECTOR_DE, do_de, NULL, "a division by zero raises %lu", trap_caught.vector);
    check_traps(VECTOR_BP, do_bp, NULL, "int3 raises %lu", trap_caught.vector);
    check(*(u8 *)(uintptr_t)(trap_caught.rip - 1) == 0xcc, "rip %lx is not behind the int3",
          trap_caught.rip);
    check_traps(VECTOR_GP, do_gp_noncanonical, NULL, "a non-canonical address raises %lu",
                trap_caught.vector);
    check_equal(trap_caught.error, 0, "its error code");
    /* By RBP, the stack's segment is meant: #SS; QEMU's emulator raises #GP all the same. */
    check(trap_catch(do_noncanonical_stack, NULL), "a non-canonical address by rbp");
    check(trap_caught.vector == VECTOR_SS || trap_caught.vector == VECTOR_GP,
          "a non-canonical address by rbp raises %lu", trap_caught.vector);
    check_equal(trap_caught.error, 0, "its error code");
    check_traps(VECTOR_GP, do_load_bad_selector, (void *)0xdf3b, "selector 0xdf3b raises %lu",
                trap_caught.vector);
    check_equal(trap_caught.error, 0xdf38, "error code of a bad selector");
    check_traps(VECTOR_INT80, do_int_0x80, NULL, "int 0x80 raises %lu", trap_caught.vector);
    check(*(u16 *)(uintptr_t)(trap_caught.rip - 2) == 0x80cd, "rip %lx is not behind the int 0x80",
          trap_caught.rip);
}

static void check_page_faults(void)
{
    u8 *page = page_take();
    static const u8 ret = 0xc3;

    check_equal(page_read_only(page), 0, "read-only");
    check(write_traps(page + 8, 1), "a store to a read-only page does not fault");
    check_equal(trap_caught.vector, VECTOR_PF, "vector of the store");
    check_equal(trap_caught.error, PF_PRESENT | PF_WRITE, "error code of the store");
    check_equal(trap_caught_cr2, address(page + 8), "cr2 of the store");

    check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "unmapping");
    check(read_traps(page + 16), "a load from an unmapped page does not fault");
    check_equal(trap_caught.vector, VECTOR_PF, "vector of the load");
    check_equal(trap_caught.error, 0, "error code of the load");
    check_equal(trap_caught_cr2, address(page + 16), "cr2 of the load");
    check(write_traps(page, 1) && trap_caught.error == PF_WRITE,
          "error code %lx of a store to nothing", trap_caught.error);

    check_equal(page_writable(page), 0, "writable");
    page[0] = ret;
    check(!trap_catch(do_execute, page), "a page without NX cannot be executed");
    check_equal(page_map_as(page, PTE_RW | PTE_NX), 0, "no-execute");
    check(trap_catch(do_execute, page), "a page with NX can be executed");
    check_equal(trap_caught.error, PF_PRESENT | PF_FETCH, "error code of the fetch");
    check_equal(trap_caught_cr2, address(page), "cr2 of the fetch");
    check_equal(trap_caught.rip, address(page), "rip of the fetch");
}

/* Checks the frame as it is on the stack, without and with an error code. */
static void check_frame(void)
{
    u64 before_rsp, after;

    raw_next = trap_entries[VECTOR_UD];
    set_one(VECTOR_UD, 0, address(raw_entry), FLAT_KERNEL_CS);
    vcpu_info()->evtchn_upcall_mask = 1;
    check_traps(VECTOR_UD, do_ud, NULL, "the raw entry");
    before_rsp = raw_frame[5];
    check_equal(raw_frame[2], trap_caught.rip, "rip in the frame");
    check_equal(raw_frame[3] & 0xffff, KERNEL_CS, "cs in the frame");
    check_equal(raw_frame[3] >> 32 & 0xff, 1, "saved event mask, events masked");
    check(!(raw_frame[4] & RFLAGS_IF), "IF is set though events were masked: %lx", raw_frame[4]);
    check_equal(raw_frame[6] & 0xffff, FLAT_KERNEL_SS, "ss in the frame");
    after = (before_rsp & ~15ull) - 7 * 8;
    check_equal(raw_rsp, after, "rsp in the handler");
    check_equal(raw_mask, 1, "event mask in the handler");

    vcpu_info()->evtchn_upcall_mask = 0;
    check_traps(VECTOR_UD, do_ud, NULL, "the raw entry, events open");
    check_equal(raw_frame[3] >> 32 & 0xff, 0, "saved event mask, events open");
    check(raw_frame[4] & RFLAGS_IF, "IF is clear though events were open: %lx", raw_frame[4]);
    check_equal(raw_mask, 0, "event mask in a handler that does not mask");

    set_one(VECTOR_UD, 4, address(raw_entry), FLAT_KERNEL_CS);
    vcpu_info()->evtchn_upcall_mask = 0;
    check_traps(VECTOR_UD, do_ud, NULL, "a masking entry");
    check_equal(raw_mask, 1, "event mask in a handler that masks");
    check_equal(raw_frame[3] >> 32 & 0xff, 0, "the mask it saved");
    check_equal(vcpu_info()->evtchn_upcall_mask, 0, "the mask after iret");
    set_one(VECTOR_UD, 0, trap_entries[VECTOR_UD], FLAT_KERNEL_CS);

    raw_next = trap_entries[VECTOR_PF];
    set_one(VECTOR_PF, 0, address(raw_entry), FLAT_KERNEL_CS);
    check(read_traps((void *)0x10), "address 0x10 is mapped");
    check_equal(raw_frame[2], 0, "error code in the frame");
    check_equal(raw_frame[3], trap_caught.rip, "rip above the error code");
    check_equal(raw_rsp, (raw_frame[6] & ~15ull) - 8 * 8, "rsp in the handler, error code");
    set_one(VECTOR_PF, 0, trap_entries[VECTOR_PF], FLAT_KERNEL_CS);
    vcpu_info()->evtchn_upcall_mask = 1;
}

/* Flags that would disturb a handler are clear in it and set again after it. */
static void do_ud_with_flags(void *flags)
{
    __asm__ volatile("push %0; popf; ud2" ::"r"(flags) : "cc", "memory");
}

static void check_flags(void)
{
    u64 set = RFLAGS_AC | RFLAGS_CF | RFLAGS_FIXED;

    raw_next = trap_entries[VECTOR_UD];
    set_one(VECTOR_UD, 0, address(raw_entry), FLAT_KERNEL_CS);
    check_traps(VECTOR_UD, do_ud_with_flags, (void *)set, "ud2 with AC");
    check(raw_frame[4] & RFLAGS_AC, "AC is lost in the frame: %lx", raw_frame[4]);
    check(raw_frame[4] & RFLAGS_CF, "CF is lost in the frame: %lx", raw_frame[4]);
    check(!(raw_rflags & RFLAGS_AC), "AC is set in the handler: %lx", raw_rflags);
    check(!(raw_frame[4] & RFLAGS_IOPL), "IOPL in the frame: %lx", raw_frame[4]);
    check_traps(VECTOR_UD, do_ud_with_flags, (void *)(RFLAGS_NT | RFLAGS_FIXED), "ud2 with NT");
    check(!(raw_rflags & RFLAGS_NT), "NT is set in the handler: %lx", raw_rflags);
    set_one(VECTOR_UD, 0, trap_entries[VECTOR_UD], FLAT_KERNEL_CS);
}

static void resume_behind_ud(struct trap_frame *frame)
{
    frame->rip += 2;
    frame->rax = 0x1234;
}

/* A handler may change the frame and continue. */
static void check_resume(void)
{
    u64 rax = 0;

    trap_take(VECTOR_UD, resume_behind_ud);
    __asm__ volatile("ud2" : "+a"(rax));
    check_equal(rax, 0x1234, "rax after the handler");
    trap_take(VECTOR_UD, NULL);
}

static void check_int_n(void)
{
    set_one(0x21, 0, trap_entries[VECTOR_OF], FLAT_KERNEL_CS);
    trap_catch(do_int_0x21, NULL);
    if (is_initial_domain()) { /* QEMU's emulator gives Xen twice the vector in the error code */
        print("Emulator: wrong error code for INT n; DPL 0 raised vector %lu\n",
              trap_caught.vector);
    } else {
        check(trap_caught.vector == VECTOR_GP && trap_caught.error == (0x21 << 3 | 2),
              "int 0x21, DPL 0, raised %lu, error code %lx", trap_caught.vector, trap_caught.error);
    }
    set_one(0x21, 3, trap_entries[VECTOR_OF], FLAT_KERNEL_CS);
    trap_catch(do_int_0x21, NULL);
    if (is_initial_domain()) {
        print("Emulator: wrong error code for INT n; DPL 3 raised vector %lu\n",
              trap_caught.vector);
    } else {
        check(trap_caught.vector == VECTOR_OF && *(u8 *)(trap_caught.rip - 2) == 0xcd,
              "int 0x21, DPL 3, raised %lu at %lx", trap_caught.vector, trap_caught.rip);
    }
}

/* Checks what set_trap_table refuses, and that NULL empties the table. */
static void check_table(void)
{
    struct trap_info table[2] = {{.vector = 6, .cs = FLAT_KERNEL_CS, .address = 1ull << 47}, {0}};

    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), -XEN_EINVAL,
                "a non-canonical handler");
    check_equal(hypercall(__HYPERVISOR_set_trap_table, HYPERVISOR_VIRT_START, 0, 0), -XEN_EFAULT,
                "a table in the hypervisor's space");
    check_traps(VECTOR_UD, do_ud, NULL, "ud2 after refused tables");
    check_equal(hypercall(__HYPERVISOR_set_trap_table, 0, 0, 0), 0, "set_trap_table(NULL)");
    traps_start();
    check_traps(VECTOR_UD, do_ud, NULL, "ud2 after the table is back");
}

void test_main(void)
{
    check_vectors();
    check_page_faults();
    check_frame();
    check_flags();
    check_resume();
    check_int_n();
    check_table();
}
