/* SPDX-License-Identifier: MIT */
/* A guest that attacks: proves that nothing a guest kernel does stops the hypervisor.
 *
 * It makes random hypercalls, random changes of page tables (by request and by plain store), and
 * runs random privileged instructions, with values from the places where mistakes live: limits, the
 * hypervisor's addresses, its own pointers, its own frames and everybody else's. It catches what
 * traps and goes on; often it destroys itself in the end, and its domain crashes, which is fine.
 *
 * Command line: seed=N, rounds=N (attacks), trace=1 (says each before it makes it). Not a test with
 * a verdict of its own: tests/system/test_hostile_guest.sh looks at what is left. */
#include "tests/guests/hostile_values.h"

#include <xen/nmi.h>
#include <xen/physdev.h>

#define TICK_NS     2000000ull /* the guest's own watch */
#define TICKS_STUCK 3u
#define REPAIR_EACH 16u
#define PAPER_WORDS 1024u
#define CODE_SIZE   64u
#define TRAPS       0xd6 /* no instruction, and as ModRM not the stack pointer */

static u64 seed = 1, rounds = 20000, trace;
static u64 attacks, trapped, stuck;
static volatile u32 ticks;
static volatile bool attacking, is_broken;
static u32 timer_port;
static struct vcpu_info *info;
static struct user_space user;
static u64 *second_root, *alias;
static u8 *code;                                          /* a page to run */
static u64 paper[PAPER_WORDS] __attribute__((aligned(4096))); /* arguments */
static u64 registers[16];
u64 code_address;
extern u64 user_return_stack, trap_catch_stack;
extern char give_up[];

/* ---- saying what it does ------------------------------------------------------------------- */

static void say(const char *text)
{
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, strlen(text), address(text));
}

static void say_number(u64 value)
{
    char text[20] = " ";

    for (unsigned i = 0; i < 16; i++)
        text[1 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    text[17] = 0;
    say(text);
}

static void note(const char *what, const u64 *words, unsigned count)
{
    if (!trace)
        return;
    say_number(attacks);
    say(" ");
    say(what);
    for (unsigned i = 0; i < count; i++)
        say_number(words[i]);
    say("\n");
}

/* ---- its own safety ------------------------------------------------------------------------ */

__asm__(".text\ngive_up: ud2\n");

/* The watch: an attack that lasts is given up. Never unmasks events outside of an attack. */
static void on_event(struct trap_frame *frame)
{
    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    for (unsigned i = 0; i < ARRAY_LENGTH(shared_info->evtchn_pending); i++)
        shared_info->evtchn_pending[i] = 0;
    if (!attacking || !trap_catch_stack) {
        frame->rflags &= ~RFLAGS_IF;
        return;
    }
    if (++ticks < TICKS_STUCK)
        return;
    stuck++;
    frame->rip = (frame->cs & 3) == 3 ? USER_CODE + PAGE_SIZE - 2 : address(give_up);
    frame->cs = (frame->cs & 3) == 3 ? USER_CS : KERNEL_CS;
    frame->ss = GUEST_SS;
    frame->rflags &= ~(RFLAGS_TF | RFLAGS_IF);
}

static void set_timer(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct vcpu_set_periodic_timer period = {TICK_NS};

    if (!event_channel_op(EVTCHNOP_bind_virq, &bind))
        timer_port = bind.port;
    vcpu_op(VCPUOP_set_periodic_timer, 0, &period);
    for (unsigned i = 0; i < ARRAY_LENGTH(shared_info->evtchn_mask); i++)
        shared_info->evtchn_mask[i] = 0;
}

/* The kernel also where 32-bit code finds it: stack pointers get cut. */
static void alias_make(void)
{
    alias = page_take();
    alias[table_index((u32)virt_base(), 3)] = *entry_of(virt_base(), 3);
    if (page_read_only(alias) || mmuext(MMUEXT_PIN_L3_TABLE, mfn_of(alias), 0))
        error("cannot make the alias");
}

/* Makes what it needs for itself as it was. What is refused stays broken. */
static void repair(void)
{
    is_broken = false;
    info->evtchn_upcall_mask = 1;
    traps_start();
    set_callback(CALLBACKTYPE_event, CALLBACKF_mask_events, address(event_entry));
    set_callback(CALLBACKTYPE_failsafe, CALLBACKF_mask_events, address(failsafe_entry));
    set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, address(syscall_entry));
    stack_switch(address(attack_stack) + sizeof attack_stack);
    hypercall(__HYPERVISOR_set_debugreg, 7, 0, 0);
    hypercall(__HYPERVISOR_set_gdt, 0, 0, 0);
    mmuext(MMUEXT_SET_LDT, 0, 0);
    mmuext(MMUEXT_NEW_BASEPTR, mfn_of(root_first()), 0);
    mmu_update(slot_machine(root_first(), 0), entry_for(alias, PTE_TABLE));
    mmu_update(slot_machine(second_root, 0), entry_for(alias, PTE_TABLE));
    mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(user.root), 0);
    page_writable(code);
    for (unsigned i = 0; i < sizeof attack_stack; i += PAGE_SIZE)
        page_writable(attack_stack + i);
    set_timer();
    __asm__ volatile("clts");
}

static void on_debug(struct trap_frame *frame)
{
    hypercall(__HYPERVISOR_set_debugreg, 7, 0, 0);
    frame->rflags &= ~RFLAGS_TF;
    if (attacking)
        frame->rip = address(give_up);
    if ((frame->cs & 3) == 3)
        frame->rip = USER_CODE + PAGE_SIZE - 2;
}

/* ---- hypercalls ---------------------------------------------------------------------------- */

static u64 a_call_number(void)
{
    static const u8 likely[] = {
        __HYPERVISOR_mmu_update,   __HYPERVISOR_memory_op,         __HYPERVISOR_multicall,
        __HYPERVISOR_mmuext_op,    __HYPERVISOR_update_va_mapping, __HYPERVISOR_vcpu_op,
        __HYPERVISOR_grant_table_op, __HYPERVISOR_event_channel_op, __HYPERVISOR_set_segment_base,
        __HYPERVISOR_update_descriptor, __HYPERVISOR_set_gdt, __HYPERVISOR_set_debugreg};
    u64 number = once_in(2) ? PICK(likely) : below(64);

    return number == __HYPERVISOR_iret ? __HYPERVISOR_xen_version : number;
}

/* What would end the domain is not made, nor what would hide its vcpu_info from it, nor sleep:
 * attack_sleep sees to it that it wakes up. */
static bool is_an_end(u64 number, u64 command)
{
    if (number == __HYPERVISOR_vcpu_op)
        return (u32)command == VCPUOP_down || (u32)command == VCPUOP_register_vcpu_info;
    if (number == __HYPERVISOR_sched_op_compat || number == __HYPERVISOR_sched_op)
        return (u32)command == SCHEDOP_shutdown || (u32)command == SCHEDOP_poll ||
               (u32)command == SCHEDOP_block;
    return false;
}

static void fill_call(u64 *words)
{
    words[0] = a_call_number();
    do
        for (unsigned i = 1; i < 7; i++)
            words[i] = i == 1 && once_in(2) ? below(32) : a_word();
    while (is_an_end(words[0], words[1]));
}

static long call(const u64 *w)
{
    note("call", w, 7);
    if (w[0] == __HYPERVISOR_set_trap_table || w[0] == __HYPERVISOR_set_callbacks ||
        w[0] == __HYPERVISOR_stack_switch || w[0] == __HYPERVISOR_callback_op ||
        w[0] == __HYPERVISOR_multicall)
        is_broken = true;
    return hypercall6(w[0], w[1], w[2], w[3], w[4], w[5], w[6]);
}

static void attack_call(void)
{
    u64 words[7];

    fill_call(words);
    call(words);
}

static void fill_paper(void)
{
    for (unsigned i = 0; i < 32; i++) {
        paper[i] = a_word();
        if (once_in(3))
            paper[i] = (u32)a_number() | a_number() << 32;
    }
}

/* The calls with a command and a structure. */
static void attack_structure(void)
{
    static const u8 likely[] = {
        __HYPERVISOR_memory_op,    __HYPERVISOR_vcpu_op,       __HYPERVISOR_event_channel_op,
        __HYPERVISOR_physdev_op,   __HYPERVISOR_xen_version,   __HYPERVISOR_callback_op,
        __HYPERVISOR_grant_table_op, __HYPERVISOR_nmi_op,      __HYPERVISOR_console_io,
        __HYPERVISOR_sched_op, __HYPERVISOR_hvm_op, __HYPERVISOR_platform_op};
    u64 at = address(paper) + (once_in(6) ? PAPER_WORDS * 8 - below(32) : 0);
    u64 words[7] = {PICK(likely), below(40), at, at, a_word(), a_word(), a_word()};

    fill_paper();
    if (words[0] == __HYPERVISOR_vcpu_op || words[0] == __HYPERVISOR_grant_table_op)
        words[2] = once_in(4) ? a_number() : 0;
    if (words[0] == __HYPERVISOR_grant_table_op) {
        words[2] = at;
        words[3] = a_number();
    }
    if (words[0] == __HYPERVISOR_console_io && !once_in(8))
        words[2] = below(8), words[3] = an_address();
    if (is_an_end(words[0], words[1]))
        return;
    call(words);
}

static void attack_multicall(void)
{
    struct multicall_entry *list = (struct multicall_entry *)paper;
    unsigned count = 1 + (unsigned)below(12);
    u64 words[7] = {__HYPERVISOR_multicall, address(list), count};

    for (unsigned i = 0; i < count; i++) {
        u64 one[7];

        fill_call(one);
        list[i].op = one[0];
        memcpy(list[i].args, one + 1, sizeof list[i].args);
        note("  of", one, 7);
    }
    call(words);
}

static u64 a_domain(void)
{
    return once_in(6) ? a_number() : DOMID_SELF;
}

static void attack_update(void)
{
    struct mmu_update *list = (struct mmu_update *)paper;
    unsigned count = 1 + (unsigned)below(6);
    u64 words[7] = {__HYPERVISOR_mmu_update, address(list), count, 0, a_domain()};

    for (unsigned i = 0; i < count; i++) {
        list[i].ptr = an_entry_place() | (once_in(4) ? below(8) : 0);
        list[i].val = an_entry();
        note("  update", &list[i].ptr, 2);
    }
    if (once_in(4))
        words[3] = an_address();
    call(words);
}

static void attack_mmuext(void)
{
    static const u8 likely[] = {
        MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,   MMUEXT_PIN_L4_TABLE,
        MMUEXT_UNPIN_TABLE,  MMUEXT_UNPIN_TABLE,  MMUEXT_UNPIN_TABLE,    MMUEXT_NEW_USER_BASEPTR,
        MMUEXT_SET_LDT,      MMUEXT_CLEAR_PAGE,   MMUEXT_COPY_PAGE,      MMUEXT_NEW_BASEPTR,
        MMUEXT_INVLPG_ALL,   MMUEXT_INVLPG_LOCAL, MMUEXT_TLB_FLUSH_LOCAL};
    struct mmuext_op *list = (struct mmuext_op *)paper;
    unsigned count = 1 + (unsigned)below(4);
    u64 words[7] = {__HYPERVISOR_mmuext_op, address(list), count, 0, a_domain()};

    for (unsigned i = 0; i < count; i++) {
        memset(&list[i], 0, sizeof list[i]);
        list[i].cmd = once_in(6) ? (u32)a_number() : PICK(likely);
        list[i].arg1.mfn = list[i].cmd == MMUEXT_SET_LDT || once_in(6) ? an_address() : a_frame();
        if (list[i].cmd == MMUEXT_NEW_BASEPTR && !once_in(60))
            list[i].arg1.mfn = mfn_of(once_in(2) ? second_root : root_first());
        list[i].arg2.src_mfn = once_in(2) ? a_frame() : a_number();
        note("  mmuext", (const u64 *)&list[i], sizeof list[i] / 8);
    }
    call(words);
}

static void attack_memory(void)
{
    static const u8 likely[] = {XENMEM_increase_reservation, XENMEM_decrease_reservation,
                                XENMEM_populate_physmap, XENMEM_exchange};
    struct xen_memory_exchange *exchange = (struct xen_memory_exchange *)paper;
    u64 *in = paper + 64, *out = paper + 128;
    u64 words[7] = {__HYPERVISOR_memory_op, PICK(likely), address(paper)};

    for (unsigned i = 0; i < 64; i++) {
        in[i] = a_frame();
        out[i] = once_in(4) ? a_number() : below(start_info->nr_pages);
    }
    memset(exchange, 0, sizeof *exchange);
    exchange->in.nr_extents = once_in(8) ? a_number() : below(8);
    exchange->in.extent_order = once_in(4) ? (u32)a_number() : 0;
    exchange->in.mem_flags = once_in(8) ? (u32)a_number() : 0;
    exchange->in.domid = (domid_t)a_domain();
    exchange->out = exchange->in;
    set_xen_guest_handle(exchange->in.extent_start, once_in(12) ? (void *)an_address() : in);
    set_xen_guest_handle(exchange->out.extent_start, once_in(12) ? (void *)an_address() : out);
    if (once_in(4))
        exchange->nr_exchanged = a_number();
    if (once_in(6))
        words[1] |= a_number() << 6;
    note("  memory", paper, 10);
    call(words);
}

static void attack_sleep(void)
{
    u64 words[7] = {__HYPERVISOR_sched_op, SCHEDOP_block, address(paper)};
    struct sched_poll *ask = (struct sched_poll *)paper;
    evtchn_port_t *ports = (evtchn_port_t *)(paper + 8);

    set_timer();
    if (once_in(2)) {
        words[1] = SCHEDOP_poll;
        for (unsigned i = 0; i < 256; i++)
            ports[i] = once_in(20) ? (u32)a_number() : (u32)below(8);
        set_xen_guest_handle(ask->ports, once_in(8) ? (void *)an_address() : ports);
        ask->nr_ports = once_in(4) ? (u32)a_number() : (u32)below(130);
        ask->timeout = 1 + (random64() >> (once_in(2) ? 35 : 60)); /* soon, or long ago */
    }
    call(words);
}

/* Fills a page with entries, makes it read-only and pins it, or undoes that. */
static void attack_table(void)
{
    u64 *page = (u64 *)a_play_page();
    u64 words[2] = {address(page), mfn_of(page)};

    note("table", words, 2);
    if (once_in(3)) {
        mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0);
        page_writable(page);
        return;
    }
    if (!page_writable(page) && !once_in(4)) {
        if (once_in(2))
            memset(page, 0, PAGE_SIZE);
        for (unsigned i = 0; i < 8; i++)
            page[once_in(4) ? an_index() : below(4)] = an_entry();
    }
    page_read_only(page);
    if (!once_in(4))
        mmuext(MMUEXT_PIN_L1_TABLE + (unsigned)below(4), mfn_of(page), 0);
}

static void attack_segments(void)
{
    u64 *page = (u64 *)a_play_page();
    u64 words[7] = {__HYPERVISOR_set_gdt, address(paper), below(1024)};

    for (unsigned i = 0; i < 14; i++)
        paper[i] = mfn_of(page);
    if (!page_writable(page))
        for (unsigned i = 0; i < 64; i++)
            page[i] = a_descriptor();
    page_read_only(page);
    if (once_in(2)) {
        words[0] = __HYPERVISOR_update_descriptor;
        words[1] = slot_machine(page, (unsigned)below(64));
        words[2] = a_descriptor();
    } else if (once_in(2)) {
        mmuext(MMUEXT_SET_LDT, once_in(4) ? an_address() : address(page), once_in(4) ? a_number() : 512);
        words[0] = __HYPERVISOR_set_segment_base;
        words[1] = below(5);
        words[2] = once_in(2) ? a_selector() : an_address();
    }
    call(words);
    paper[0] = a_selector();
    note("  selector", paper, 1);
    __asm__ volatile("mov %0, %%ds\nmov %0, %%es\nmov %0, %%fs\nmov %0, %%gs" ::"r"(paper[0]));
}

/* ---- plain memory -------------------------------------------------------------------------- */

static void store(volatile void *at, u64 value)
{
    switch (below(9)) {
    case 0:
        *(volatile u8 *)at = (u8)value;
        break;
    case 1:
        *(volatile u16 *)at = (u16)value;
        break;
    case 2:
        *(volatile u32 *)at = (u32)value;
        break;
    case 3:
        __atomic_exchange_n((u64 *)at, value, __ATOMIC_SEQ_CST);
        break;
    case 4:
        __asm__ volatile("lock btrq %1, %0" : "+m"(*(u64 *)at) : "r"(below(64)));
        break;
    case 5:
        __asm__ volatile("lock btsq %1, %0" : "+m"(*(u64 *)at) : "r"(below(64)));
        break;
    case 6:
        __asm__ volatile("lock cmpxchg %1, %0" : "+m"(*(u64 *)at) : "r"(value), "a"(*(volatile u64 *)at));
        break;
    case 7:
        memcpy((void *)at, paper, below(64));
        break;
    default:
        *(volatile u64 *)at = value;
    }
}

/* Where a plain store of its own meets a table, mostly. */
static void attack_store(void)
{
    u64 words[2] = {an_address(), an_entry()};

    if (!once_in(3))
        words[0] = address(entry_of(address(PICK(play_window)), 1)) + (once_in(6) ? below(9) : 0);
    else if (once_in(4))
        words[0] = address(entry_of(an_address(), 1 + (unsigned)below(4)));
    note("store", words, 2);
    store((volatile void *)words[0], words[1]);
}

static void attack_touch(void)
{
    u64 at = once_in(2) ? a_tree_address() : address(PICK(play_window)) + below(PAGE_SIZE);

    note("touch", &at, 1);
    if (once_in(2))
        *(volatile u64 *)at = an_entry();
    else
        (void)*(volatile u64 *)at;
}

static void attack_mapping(void)
{
    u64 words[7] = {__HYPERVISOR_update_va_mapping, address(PICK(play_window)), an_entry(),
                    once_in(4) ? a_number() : below(3), a_domain()};

    if (once_in(4))
        words[1] = once_in(60) ? an_address() : once_in(2) ? a_limit_address() : a_tree_address();
    if (once_in(8))
        words[0] = __HYPERVISOR_update_va_mapping_otherdomain;
    call(words);
}

/* ---- instructions -------------------------------------------------------------------------- */

/* Length, then bytes; what follows is random. */
static const u8 opcodes[][8] = {
    {1, 0x6c}, {1, 0x6d}, {1, 0x6e}, {1, 0x6f}, {1, 0x8e}, {1, 0x9a}, {1, 0x9d}, {1, 0xa3},
    {1, 0xa5}, {1, 0xab}, {1, 0xc7}, {1, 0xca}, {1, 0xcb}, {1, 0xcc}, {1, 0xcd}, {1, 0xce},
    {1, 0xcf}, {1, 0xe4}, {1, 0xe5}, {1, 0xe6}, {1, 0xe7}, {1, 0xea}, {1, 0xec}, {1, 0xed},
    {1, 0xee}, {1, 0xef}, {1, 0xf1}, {1, 0xf4}, {1, 0xfa}, {1, 0xfb}, {1, 0xff}, {1, 0x89},
    {1, 0x87}, {1, 0x81}, {1, 0x01}, {1, 0x63}, {1, 0x9b}, {1, 0xdb}, {1, 0xd9}, {1, 0xdd},
    {2, 0x0f, 0x00}, {2, 0x0f, 0x01}, {2, 0x0f, 0x02}, {2, 0x0f, 0x03}, {2, 0x0f, 0x05},
    {2, 0x0f, 0x06}, {2, 0x0f, 0x07}, {2, 0x0f, 0x08}, {2, 0x0f, 0x09}, {2, 0x0f, 0x0b},
    {2, 0x0f, 0x20}, {2, 0x0f, 0x21}, {2, 0x0f, 0x22}, {2, 0x0f, 0x23}, {2, 0x0f, 0x30},
    {2, 0x0f, 0x31}, {2, 0x0f, 0x32}, {2, 0x0f, 0x33}, {2, 0x0f, 0x34}, {2, 0x0f, 0x35},
    {2, 0x0f, 0xa2}, {2, 0x0f, 0xa9}, {2, 0x0f, 0xa1}, {2, 0x0f, 0xaa}, {2, 0x0f, 0xab},
    {2, 0x0f, 0xae}, {2, 0x0f, 0xb1}, {2, 0x0f, 0xb2}, {2, 0x0f, 0xb3}, {2, 0x0f, 0xb4},
    {2, 0x0f, 0xb5}, {2, 0x0f, 0xba}, {2, 0x0f, 0xbb}, {2, 0x0f, 0xc1}, {2, 0x0f, 0xc7},
    {3, 0x0f, 0x01, 0xc8}, {3, 0x0f, 0x01, 0xc9}, {3, 0x0f, 0x01, 0xca}, {3, 0x0f, 0x01, 0xcb},
    {3, 0x0f, 0x01, 0xd0}, {3, 0x0f, 0x01, 0xd1}, {3, 0x0f, 0x01, 0xf8}, {3, 0x0f, 0x01, 0xf9},
    {3, 0x0f, 0x01, 0xd9}, {3, 0x0f, 0x01, 0xc1}, {3, 0x0f, 0x38, 0x82}, {3, 0x0f, 0xae, 0xd0},
    {7, 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2}};

/* A ModRM byte with what must follow it. Not often the stack pointer, or it dies at once. */
static unsigned fill_operand(u8 *at)
{
    unsigned length = 1;

    do
        at[0] = (u8)random64();
    while (((at[0] & 0x07) == 4 || (at[0] & 0x38) == 0x20) && !once_in(40));
    if (at[0] < 0xc0 && (at[0] & 7) == 4)
        length++;
    if (at[0] >> 6 == 1)
        length++;
    if (at[0] >> 6 == 2 || (at[0] & 0xc7) == 5)
        length += 4;
    for (unsigned i = 1; i < length; i++)
        at[i] = (u8)random64();
    return length;
}

/* Without LOCK before a bit test: of a register, that ends QEMU 7.2. */
static bool is_bit_test(const u8 *opcode)
{
    return opcode[0] == 2 && (opcode[2] == 0xab || opcode[2] == 0xb3 || opcode[2] == 0xba || opcode[2] == 0xbb);
}

static void fill_code(u8 *at)
{
    static const u8 prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0xf0};
    const u8 *opcode = PICK(opcodes);
    unsigned length = 0;

    memset(at, TRAPS, CODE_SIZE);
    while (once_in(4) && length < 12)
        at[length++] = prefixes[below(ARRAY_LENGTH(prefixes) - is_bit_test(opcode))];
    if (once_in(3))
        at[length++] = (u8)(0x40 | below(16));
    for (unsigned i = 1; i <= opcode[0]; i++)
        at[length++] = opcode[i];
    if (once_in(16)) {
        length = 0;
        at[length++] = (u8)random64();
    }
    length += fill_operand(at + length);
    for (unsigned tail = once_in(8) ? (unsigned)below(8) : 0; tail; tail--)
        at[length++] = (u8)random64();
}

static void fill_registers(void)
{
    static const u32 msrs[] = {0x10, 0x1b, 0x8b, 0x174, 0x175, 0x176, 0x1a0, 0x1d9, 0x277,
                               0x2ff, 0x38f, 0x48, 0x49, 0x3a, 0xc0000080, 0xc0000081,
                               0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101,
                               0xc0000102, 0xc0000103, 0xc0010015, 0xc0010114, 0xda0, 0x800};

    u64 *top = (u64 *)(attack_stack + sizeof attack_stack / 2);

    for (unsigned i = 0; i < 16; i++)
        registers[i] = a_word();
    top[0] = address(give_up); /* for instructions that return */
    top[1] = once_in(2) ? KERNEL_CS : a_selector();
    top[2] = a_number();
    top[3] = address(top);
    top[4] = once_in(2) ? GUEST_SS : a_selector();
    if (once_in(3))
        registers[1] = PICK(msrs);
    if (once_in(3))
        registers[0] = once_in(2) ? a_number() : a_call_number();
    if (!once_in(4))
        registers[1] &= 0xff | (registers[1] >= 0x174 ? ~0ull : 0);
    registers[4] = address(top);
    registers[15] = once_in(5000) ? a_word() : registers[4];
}

/* rax, rcx, rdx, rbx, rbp, rsi, rdi, r8 to r15, rsp from registers[0], [1], ... Never returns: what
 * follows the instruction traps. */
static void run_code(void)
{
    __asm__ volatile("mov %0, %%rax\n"
                     "mov 8(%%rax), %%rcx\nmov 16(%%rax), %%rdx\nmov 24(%%rax), %%rbx\n"
                     "mov 32(%%rax), %%rbp\nmov 40(%%rax), %%rsi\nmov 48(%%rax), %%rdi\n"
                     "mov 56(%%rax), %%r8\nmov 64(%%rax), %%r9\nmov 72(%%rax), %%r10\n"
                     "mov 80(%%rax), %%r11\nmov 88(%%rax), %%r12\nmov 96(%%rax), %%r13\n"
                     "mov 104(%%rax), %%r14\nmov 112(%%rax), %%r15\nmov 120(%%rax), %%rsp\n"
                     "mov (%%rax), %%rax\n"
                     "jmp *code_address(%%rip)" ::"r"(registers)
                     : "memory");
    __builtin_unreachable();
}

static void note_code(const char *what, const u8 *at)
{
    note(what, (const u64 *)at, 3);
    note("  registers", registers, 15);
}

static void attack_instruction(void)
{
    u64 at = once_in(8) ? PAGE_SIZE - CODE_SIZE : below(2) * CODE_SIZE;

    fill_registers();
    fill_code(code + at);
    code_address = address(code) + at;
    note_code("instruction", code + at);
    if (is_an_end(registers[0], registers[6]))
        registers[0] = 0;
    run_code();
}

static void attack_user(void)
{
    struct trap_frame frame;

    fill_registers();
    fill_code(user.code);
    user.code[PAGE_SIZE - 2] = user.code[PAGE_SIZE - 1] = TRAPS;
    memcpy(&frame, registers, 15 * 8);
    frame.rip = USER_CODE;
    frame.rsp = once_in(4) ? an_address() : USER_STACK;
    frame.rflags = (a_number() & ~(RFLAGS_IOPL | 1ull << 17)) | RFLAGS_IF;
    frame.cs = frame.ss = 0;
    note_code("user", user.code);
    user_run(&frame, once_in(4) ? a_number() : 0);
}

static void attack_iret(void)
{
    static const u16 selectors[] = {FLAT_RING3_CS32, FLAT_RING3_CS64, FLAT_RING3_DS32,
                                    FLAT_RING3_CS64 & ~3, FLAT_RING3_CS32 & ~3, 0xe008, 0xe019};
    u64 flat = address(attack_stack) + sizeof attack_stack - 4096;

    for (unsigned i = 0; i < 4; i++)
        paper[i] = a_number();
    paper[4] = once_in(200) ? an_address() : once_in(4) ? USER_CODE : address(give_up);
    paper[5] = once_in(3) ? a_selector() : PICK(selectors);
    paper[6] = a_number();
    paper[7] = once_in(1000) ? an_address() : flat;
    paper[8] = once_in(3) ? a_selector() : GUEST_SS;
    note("iret", paper, 9);
    __asm__ volatile("mov %0, %%rsp\nmov %1, %%eax\nsyscall\nud2" ::"r"(paper),
                     "i"(__HYPERVISOR_iret)
                     : "memory");
    __builtin_unreachable();
}

/* ---- the campaign -------------------------------------------------------------------------- */

static void (*const kinds[])(void) = {
    attack_call,    attack_structure, attack_structure, attack_multicall, attack_update,
    attack_update,  attack_update,    attack_update,    attack_mmuext,    attack_mmuext,
    attack_mmuext,  attack_memory,    attack_table,     attack_table,     attack_table,
    attack_store,   attack_store,     attack_store,     attack_touch,     attack_mapping,
    attack_mapping, attack_segments,  attack_instruction, attack_instruction, attack_user,
    attack_iret,    attack_sleep,
};

static void one_repair(void *unused)
{
    (void)unused;
    repair();
}

static void one_attack(void *unused)
{
    (void)unused;
    user_return_stack = 0;
    ticks = 0;
    attacking = true;
    info->evtchn_upcall_mask = 0;
    PICK(kinds)();
}

static void campaign(void)
{
    for (attacks = 0; attacks < rounds; attacks++) {
        if (is_broken || attacks % REPAIR_EACH == 0)
            trap_catch(one_repair, NULL);
        if (trap_catch(one_attack, NULL))
            trapped++;
        attacking = false;
        info->evtchn_upcall_mask = 1;
    }
}

static u64 option(const char *name, u64 otherwise)
{
    size_t length = strlen(name);
    u64 value = 0;

    for (const char *at = (const char *)start_info->cmd_line; *at; at++) {
        if (memcmp(at, name, length))
            continue;
        for (at += length; *at >= '0' && *at <= '9'; at++)
            value = value * 10 + (u64)(*at - '0');
        return value;
    }
    return otherwise;
}

/* In half of the seeds its vcpu_info lies in a page of its own. */
static void move_info(void)
{
    u8 *page = page_take();
    struct vcpu_register_vcpu_info request = {.mfn = mfn_of(page), .offset = 64};

    info = vcpu_info();
    if (seed % 2 && !vcpu_op(VCPUOP_register_vcpu_info, 0, &request))
        info = (struct vcpu_info *)(page + 64);
}

void test_main(void)
{
    seed = option("seed=", seed);
    rounds = option("rounds=", rounds);
    trace = option("trace=", trace);
    random_state = seed * 0x9e3779b97f4a7c15ull + 1;
    for (unsigned i = 0; i < PLAY_PAGES; i++)
        play[i] = page_take();
    for (unsigned i = 0; i < PLAY_WINDOWS; i++)
        play_window[i] = window_take();
    code = page_take();
    for (unsigned i = 0; i < start_info->nr_pages; i++)
        if (pfn_to_mfn(i) >= frames_seen)
            frames_seen = pfn_to_mfn(i) + 1;
    user_space_make(&user);
    second_root = root_make();
    alias_make();
    move_info();
    trap_take(VECTOR_EVENT, on_event);
    trap_take(VECTOR_DB, on_debug);
    print("hostile: seed %lu begins\n", seed);
    campaign();
    attacking = false;
    print("hostile: seed %lu made %lu attacks, %lu trapped, %lu were stuck\n", seed, attacks,
          trapped, stuck);
}
