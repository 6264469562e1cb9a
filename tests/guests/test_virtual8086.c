/* SPDX-License-Identifier: MIT */
/* A guest asks for virtual-8086 mode, which no 64-bit machine has.
 *
 * Processors ignore the VM flag of an IRET outside of ring 0. QEMU enters the mode nevertheless,
 * and then CS is only a number: if it equals the selector of the hypervisor's code segment, an
 * exception or an interrupt must not be taken for one from the hypervisor, nor may the guest go on
 * there. If user mode enters it, its kernel must not take an exception for one of its own. */
#include "tests/guests/common/user.h"

#define RING_0_CODE 0xe008u /* the hypervisor's code segment, which is in every GDT */
#define LOOP        (RING_0_CODE << 4)

/* For a store that is emulated: the hypervisor, which does not know the mode, finds the instruction
 * at IP and not at CS * 16 + IP, so the page with the code is mapped at both. */
#define STORE_IP  PAGE_SIZE         /* what the hypervisor finds */
#define STORE_AT  (LOOP + STORE_IP) /* what virtual-8086 mode executes */
#define TABLE_AT  (LOOP / PAGE_SIZE * PAGE_SIZE + 2 * PAGE_SIZE) /* the L1 table, read-only */
#define FREE_SLOT 256u                                           /* of that table */

/* The frame of an IRETD lies directly above the stack that it names: a processor that does not load
 * the stack pointer from it, as Bochs' does not, has a stack all the same. */
static struct {
    u8 stack[4096];
    u32 frame[16];
} leaving __attribute__((aligned(64)));
static u64 context[9];
static u32 first_ip;
static u64 *low_table; /* the L1 table of low memory */
static u8 stack[4096] __attribute__((aligned(64)));

/* Maps the kernel also at low addresses, for 32-bit pointers, and a page with an endless loop at
 * LOOP. */
static void map_low_memory(void)
{
    u64 *table[4];
    u8 *code = page_take();

    for (unsigned level = 1; level <= 3; level++) {
        table[level] = page_take();
        table[level][table_index(LOOP, level)] =
            level == 1 ? entry_for(code, PTE_RW) : entry_for(table[level - 1], PTE_TABLE);
    }
    table[3][table_index((u32)virt_base(), 3)] = *entry_of(virt_base(), 3);
    for (unsigned level = 1; level <= 3; level++) {
        check_equal(page_read_only(table[level]), 0, "a table read-only");
    }
    check_equal(mmu_update(slot_machine(root_first(), 0), entry_for(table[3], PTE_TABLE)), 0,
                "the tables of low memory");
    code[LOOP % PAGE_SIZE] = 0xeb; /* JMP to itself */
    code[LOOP % PAGE_SIZE + 1] = 0xfe;
    low_table = table[1];
}

static void map_in_low_table(u32 at, u64 entry)
{
    check_equal(mmu_update(slot_machine(low_table, table_index(at, 1)), entry), 0,
                "an entry for %x", at);
}

/* IRETD: EIP, CS, EFLAGS, ESP, SS, and for virtual-8086 mode ES, DS, FS, GS. */
static void leave_32(void *cs)
{
    u32 *frame = leaving.frame;

    frame[0] = first_ip;
    frame[1] = (u32)address(cs);
    frame[2] = (u32)(RFLAGS_VM | RFLAGS_IF | RFLAGS_FIXED);
    frame[3] = (u32)address(frame);
    frame[4] = 0;
    frame[6] = TABLE_AT >> 4;
    __asm__ volatile("mov %0, %%rsp\niretl" ::"r"((u64)(u32)address(frame)), "a"(0ull),
                     "b"((u64)TABLE_AT + FREE_SLOT * sizeof(u64))
                     : "memory");
    __builtin_unreachable();
}

static void check_mode(u64 cs)
{
    check(trap_catch(leave_32, (void *)cs), "IRETD with the VM flag to CS %lx goes on", cs);
}

/* Only an interrupt by a timer ends the loop. */
static void check_interrupt(void)
{
    struct vcpu_set_periodic_timer often = {2000000};

    check_equal(set_callback(CALLBACKTYPE_failsafe, CALLBACKF_mask_events, address(failsafe_entry)),
                0, "the failsafe callback");
    check_equal(vcpu_op(VCPUOP_set_periodic_timer, 0, &often), 0, "a timer");
    check_mode(RING_0_CODE);
    check_equal(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "no timer");
}

/* Whether the store is executed or not, the guest goes on in ring 3 or gets a trap. If the
 * hypervisor returned to CS as it is, the UD2 behind the store would be executed in ring 0. */
static void check_store(void)
{
    static const u8 store_16[] = {0xc7, 0x06, 0x00, 0x08, 0, 0}; /* MOV of a word to a free slot */
    static const u8 store_64[] = {0x48, 0x89, 0x03, 0x0f, 0x0b}; /* MOV RAX to it; UD2 */
    u8 *code = page_take();

    memcpy(code + STORE_IP % PAGE_SIZE, store_64, sizeof store_64);
    memcpy(code + STORE_AT % PAGE_SIZE, store_16, sizeof store_16);
    map_in_low_table(STORE_IP, entry_for(code, PTE_RW));
    map_in_low_table(STORE_AT, entry_for(code, PTE_RW));
    map_in_low_table(TABLE_AT, entry_for(low_table, PTE_RO));
    first_ip = STORE_IP;
    check_mode(RING_0_CODE);
    first_ip = 0;
}

/* The kernel sees by the ring in CS that an exception came from user mode, and the hypervisor sees
 * by it whether the kernel returns there. Nothing is mapped at CS * 16, nor at 0, where a processor
 * goes that ignores the flag; it refuses a return to an inner ring. `events`: RFLAGS_IF, or 0:
 * events are masked, and the exception is delivered by the slow path. */
static void check_user_mode(struct user_space *space, u32 cs, u64 events)
{
    u32 *words = (u32 *)space->data;
    struct trap_frame user = {.rip = USER_CODE, .rsp = USER_DATA, .rflags = events | RFLAGS_FIXED};

    memset(words, 0, PAGE_SIZE);
    words[1] = cs;
    words[2] = (u32)(RFLAGS_VM | RFLAGS_IF | RFLAGS_FIXED);
    user_run(&user, 0);
    check(user.vector == VECTOR_PF || (user.vector == VECTOR_GP && (cs & 3) < 3),
          "IRETD of user mode to CS %x: exception %lu", cs, user.vector);
    check_equal(user.cs & 3, 3, "CS %x: the ring", cs);
    check(!(user.rflags & RFLAGS_VM), "CS %x: the flags are %lx", cs, user.rflags);
}

static void check_user_modes(void)
{
    static const u8 iretd = 0xcf;
    static struct user_space space;

    user_space_make(&space);
    space.code[0] = iretd;
    for (u32 ring = 0; ring <= 3; ring++) {
        check_user_mode(&space, (KERNEL_CS & ~3u) | ring, RFLAGS_IF);
        check_user_mode(&space, (KERNEL_CS & ~3u) | ring, 0);
    }
}

static void take_flags(void)
{
    __asm__ volatile("pushf\npop %0\nud2" : "=m"(context[0]));
    __builtin_unreachable();
}

/* The hypercall sets the flags of ring 3, and no other. */
static void leave_by_call(void *unused)
{
    (void)unused;
    context[4] = address((void *)take_flags);
    context[5] = KERNEL_CS;
    context[6] = RFLAGS_VM | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_FIXED;
    context[7] = address(stack) + sizeof stack;
    context[8] = GUEST_SS;
    __asm__ volatile("mov %0, %%rsp\nmov %1, %%eax\nsyscall" ::"r"(context), "i"(__HYPERVISOR_iret)
                     : "memory");
    __builtin_unreachable();
}

void test_main(void)
{
    if (is_initial_domain()) {
        skip("QEMU enters a mode that Xen, as the processor's manual has it, does not expect");
    }
    vcpu_info()->evtchn_upcall_mask = 1;
    map_low_memory();
    check_mode(KERNEL_CS | 3);
    check_mode(0);
    check_mode(0x1000);
    check_interrupt();
    check_store();
    check_traps(VECTOR_UD, leave_by_call, NULL, "the IRET hypercall with the VM flag");
    check(!(context[0] & (RFLAGS_VM | RFLAGS_IOPL)), "the flags after it: %lx", context[0]);
    check_user_modes();
}
