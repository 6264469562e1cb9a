/* SPDX-License-Identifier: MIT */
/* Executes a stream of hypercalls of two domains, and of those that a toolstack in the first makes,
 * with structures in the guests' memory that are mostly valid (forms.h). Proves that no call trips
 * an assertion or a sanitizer, that none runs for ever without progress, that the audit finds
 * nothing, and that every frame and page comes back at the end.
 *
 * The first byte of an input says what there is at its start, among others whether the first domain
 * is privileged. Then it is a list of steps: a hypercall, a store by a guest, words put into guest
 * memory, an interrupt, a whole domain that is made, another vCPU. */
#include <setjmp.h>

#include "hypervisor/call/call.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/pirq/pirq.h"
#include "tests/fuzz/builder.h"
#include "tests/fuzz/forms.h"
#include "tests/machine/cpu.h"
#include "tests/machine/machine.h"
#include "lib/x86/pte.h"
#include "vmmu/walk.h"

#define STEPS_MOST    400u
#define AUDIT_EACH    16u
#define RESTARTS_MOST 100000u /* more than any call needs */

struct input input;

static jmp_buf end_of_input;

void shim_machine_ends(void)
{
    longjmp(end_of_input, 1);
}

/* ---- steps ---- */

static void put_words(void)
{
    const u32 first = (u32)input_number(&input, 1), count = 1 + input_below(&input, 8);

    for (u32 i = 0; i < count; i++) {
        const u64 word = word_any();

        memcpy(shim_memory() + (first + i) * 8, &word, 8);
    }
}

/* A store of the current guest to an address that its tables map, as far as they let it. To a live
 * page table it is executed as emulate_quick does. */
static void store(void)
{
    const u64 address = word_page_address() | input_below(&input, 24) * 8;
    const struct domain *domain = word_once_in(8) ? word_target() : current_vcpu()->domain;
    struct vmmu_walk walk;
    u64 old;

    vmmu_walk(vcpu_root(current_vcpu()), vaddr(address), &walk);
    if (walk.depth == 1 && (walk.entry[1] & PTE_ADDRESS) >> PAGE_SHIFT < SHIM_FRAMES) {
        const u64 value = word_entry(domain);
        struct vmmu_vcpu *mmu = &current_vcpu()->mmu;

        if (value & 8 ? !vmmu_store_quick(mmu, vaddr(address), value, &old)
                      : !vmmu_change_quick(mmu, vaddr(address), ~value, value & 2, &old)) {
            cpu_store(0, vaddr(address), value);
        }
    }
}

static void interrupt(void)
{
    interrupt_of_line(input_below(&input, 64));
}

/* Makes the call in its quick form. True: it is served. False: what is left is in call->argument.
 */
static bool call_quickly(const struct form *form, struct call *call)
{
    struct registers *r = &current_vcpu()->registers;

    r->rax = form->number;
    r->rdi = call->argument[0];
    r->rsi = call->argument[1];
    r->rdx = call->argument[2];
    r->r10 = call->argument[3];
    r->r8 = call->argument[4];
    r->r9 = call->argument[5];
    const bool served = call_quick(current_vcpu());
    call->argument[0] = r->rdi;
    call->argument[1] = r->rsi;
    return served;
}

/* Makes the call as the entry code does, and call_from_guest: repeats it for as long as it is
 * interrupted and its vCPU may go on. Now and then the guest does not repeat it. */
static void call(const struct form *form)
{
    struct call call = {0};
    const bool repeats = !word_once_in(16);

    if (form->number ==
        __HYPERVISOR_set_segment_base) { /* it only executes instructions of the processor */
        return;
    }
    memcpy(call.argument, form->argument, sizeof call.argument);
    for (u32 restarts = 0; current_vcpu(); restarts++) {
        current_vcpu()->registers.rsp = call.argument[0];
        call.again = call.left = false;
        if (call_quickly(form, &call)) {
            shim_work();
            return;
        }
        call_dispatch(current_vcpu(), form->number, &call);
        if (!shim_work() || !call.again || !repeats) {
            return;
        }
        shim_claim(restarts < RESTARTS_MOST, "a call comes to its end");
    }
}

static void make_call(void)
{
    struct form form;

    form_make(&form);
    call(&form);
}

static void step(void)
{
    switch (input_below(&input, 16)) {
    case 0:
        shim_run(input_below(&input, SHIM_VCPUS_MAX));
        break;
    case 1:
        machine.stop_each = input_below(&input, 8);
        break;
    case 2:
        put_words();
        break;
    case 3:
    case 4:
        store();
        break;
    case 5:
        interrupt();
        break;
    case 6:
    case 7:
        form_grant_entry();
        break;
    case 8:
        build_domain(call);
        break;
    default:
        make_call();
    }
}

static void steps(void)
{
    for (u32 i = 1; input.left && i < STEPS_MOST; i++) {
        if (!current_vcpu() && !shim_run(i)) {
            return;
        }
        step();
        if (i % AUDIT_EACH == 0) {
            shim_audit();
        }
    }
}

/* What an input finds at its start: by the bits of its first byte, no privileged domain, grants,
 * channels, a third domain. */
enum { START_PLAIN = 1, START_GRANTS = 2, START_CHANNELS = 4, START_THIRD = 8 };

static void start_grants(void)
{
    for (u32 i = 0; i < SHIM_DOMAINS; i++) {
        struct domain *domain = shim_domain(i);

        shim_claim(grant_grow(domain, 1) == GNTST_okay, "a grant table");
        for (u32 ref = 0; ref < 8; ref++) {
            const struct domain *user = shim_domain(ref % 4 == 3 ? i : !i);

            ((struct grant_entry_v1 *)domain->grants.shared[0])[ref] = (struct grant_entry_v1){
                .flags = GTF_permit_access | (ref % 4 == 2 ? GTF_readonly : 0),
                .domid = user->id,
                .frame = (u32)shim_page(i, 10 + ref).n};
        }
    }
}

/* Ports 1 and 2 of both domains: open to the other, and connected with it. */
static void start_channels(void)
{
    struct domain *first = shim_domain(0), *second = shim_domain(1);
    struct evtchn_alloc_unbound ask = {.dom = DOMID_SELF, .remote_dom = second->id};
    struct evtchn_bind_interdomain bind = {.remote_dom = first->id};
    s64 error = event_alloc_unbound(first, &ask);

    bind.remote_port = ask.port;
    error |= event_bind_interdomain(second, &bind);
    error |= event_alloc_unbound(first, &ask);
    ask.remote_dom = first->id;
    error |= event_alloc_unbound(second, &ask);
    shim_claim(!error, "channels");
}

/* Without input, all words are good ones. */
static void start_third(void)
{
    static const u8 nothing;
    const struct input kept = input;

    input = (struct input){&nothing, 0};
    build_domain(call);
    input = kept;
    const struct domain *third = domain_at(SHIM_DOMAINS);
    shim_claim(!shim_domain(0)->privileged ||
                   (third && third->vcpu[0]->initialised && !domain_is_held(third)),
               "a third domain that runs");
}

static void start(u64 what)
{
    shim_start(!(what & START_PLAIN));
    shim_run(0);
    if (what & START_GRANTS) {
        start_grants();
    }
    if (what & START_CHANNELS) {
        start_channels();
    }
    if (what & START_THIRD) {
        start_third();
    }
    shim_run(0);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    input = (struct input){bytes, size};
    start(input_number(&input, 1));
    if (!setjmp(end_of_input)) {
        steps();
    }
    shim_audit();
    shim_end();
    return 0;
}
