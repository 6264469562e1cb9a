/* SPDX-License-Identifier: MIT */
/* The hostile guest's recovery from its own attacks, and what the attacks share. */
#include "tests/guests/hostile/self.h"

#define TICK_NS     2000000ull /* period of the guest's watchdog */
#define TICKS_STUCK 3u

u64 seed = 1, rounds = 20000, trace;
u64 attacks, trapped, stuck;
volatile u32 ticks;
volatile bool attacking, is_broken;
static u32 timer_port;
struct vcpu_info *info;
struct user_space user;
u64 *second_root, *alias;
u8 *code;
u64 paper[PAPER_WORDS + 512] __attribute__((aligned(4096)));
u64 registers[16];
struct grant_entry_v1 *grants;
u64 code_address;

/* ---- the trace ------------------------------------------------------------------- */

static void say(const char *text)
{
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, strlen(text), address(text));
}

static void say_number(u64 value)
{
    char text[20] = " ";

    for (unsigned i = 0; i < 16; i++) {
        text[1 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    }
    text[17] = 0;
    say(text);
}

void note(const char *what, const u64 *words, unsigned count)
{
    if (trace != 1) { /* an attack may have overwritten it */
        return;
    }
    say_number(attacks);
    say(" ");
    say(what);
    for (unsigned i = 0; i < count; i++) {
        say_number(words[i]);
    }
    say("\n");
}

/* ---- recovery ------------------------------------------------------------------------ */

__asm__(".text\n.globl give_up\ngive_up: ud2\n");

void on_event(struct trap_frame *frame)
{
    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    for (unsigned i = 0; i < ARRAY_LENGTH(shared_info->evtchn_pending); i++) {
        shared_info->evtchn_pending[i] = 0;
    }
    if (!attacking || !trap_catch_stack) {
        frame->rflags &= ~RFLAGS_IF;
        return;
    }
    if (++ticks < TICKS_STUCK) {
        return;
    }
    stuck++;
    frame->rip = (frame->cs & 3) == 3 ? USER_CODE + PAGE_SIZE - 2 : address(give_up);
    frame->cs = (frame->cs & 3) == 3 ? USER_CS : KERNEL_CS;
    frame->ss = GUEST_SS;
    frame->rflags &= ~(RFLAGS_TF | RFLAGS_IF);
}

void set_timer(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct vcpu_set_periodic_timer period = {TICK_NS};

    if (!event_channel_op(EVTCHNOP_bind_virq, &bind)) {
        timer_port = bind.port;
    }
    vcpu_op(VCPUOP_set_periodic_timer, 0, &period);
    for (unsigned i = 0; i < ARRAY_LENGTH(shared_info->evtchn_mask); i++) {
        shared_info->evtchn_mask[i] = 0;
    }
}

void alias_make(void)
{
    alias = page_take();
    alias[table_index((u32)virt_base(), 3)] = *entry_of(virt_base(), 3);
    if (page_read_only(alias) || mmuext(MMUEXT_PIN_L3_TABLE, mfn_of(alias), 0)) {
        error("cannot make the alias");
    }
}

void repair(void)
{
    struct evtchn_reset reset = {.dom = DOMID_SELF};

    is_broken = false;
    info->evtchn_upcall_mask = 1;
    event_channel_op(EVTCHNOP_reset, &reset);
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
    for (unsigned i = 0; i < sizeof attack_stack; i += PAGE_SIZE) {
        page_writable(attack_stack + i);
    }
    set_timer();
    __asm__ volatile("clts");
}

void on_debug(struct trap_frame *frame)
{
    hypercall(__HYPERVISOR_set_debugreg, 7, 0, 0);
    frame->rflags &= ~RFLAGS_TF;
    if (attacking) {
        frame->rip = address(give_up);
    }
    if ((frame->cs & 3) == 3) {
        frame->rip = USER_CODE + PAGE_SIZE - 2;
    }
}
