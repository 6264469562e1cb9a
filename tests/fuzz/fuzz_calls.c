/* SPDX-License-Identifier: MIT */
/* Executes a stream of hypercalls of two domains in hypervisor/call/, with arbitrary structures in
 * the guests' memory: multicalls, reservations, exchanges, grants, events. Proves that no call
 * trips an assertion or a sanitizer, that none runs for ever without progress, that the audit finds
 * nothing and that every frame comes back at the end.
 *
 * An input is a list of steps: a word put into guest memory, or a call. */
#include "hypervisor/call/call.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/shim.h"
#include "tests/machine/machine.h"
#include "vmmu/entry.h"

#define STEPS_MOST    400u
#define AUDIT_EACH    32u
#define RESTARTS_MOST 100000u /* more than any call needs */

static struct input input;
static u32 actor;

static u64 a_pointer(void)
{
    return SHIM_MEMORY + input_number(&input, 1) * 8;
}

static u64 a_frame(void)
{
    const u32 choice = input_below(&input, SHIM_PAGES + 8);

    return choice < SHIM_PAGES       ? shim_page(actor, choice).n
           : choice < SHIM_PAGES + 4 ? shim_page(!actor, choice - SHIM_PAGES).n
                                     : choice * 5;
}

static u64 an_entry(void)
{
    static const u16 flags[] = {0, 1, 3, 5, 7, 0x63, 0x67, 0x107};

    return a_frame() << PAGE_SHIFT | flags[input_below(&input, ARRAY_LENGTH(flags))];
}

static u64 a_word(void)
{
    static const u64 limits[] = {~0ull,
                                 1ull << 47,
                                 (1ull << 47) - 1,
                                 0xffff800000000000,
                                 0xffff87fffffffff8,
                                 DOMID_SELF,
                                 0xffff880000000000,
                                 0x7fffffffull,
                                 0x80000000ull,
                                 1ull << 40,
                                 1ull << 61,
                                 1ull << 63,
                                 SHIM_MEMORY + SHIM_MEMORY_SIZE - 4,
                                 0xffffffffull,
                                 DOMID_SELF | (u64)DOMID_SELF << 32};

    switch (input_below(&input, 9)) {
    case 0:
    case 1:
        return a_pointer();
    case 2:
        return a_frame();
    case 3:
        return an_entry();
    case 4:
        return limits[input_below(&input, ARRAY_LENGTH(limits))];
    case 5:
        return input_number(&input, 8);
    case 6: /* two 32-bit halves */
        return input_below(&input, 64) | (u64)input_below(&input, 64) << 32;
    case 7: /* the address of an entry, with a command in its low bits */
        return a_frame() << PAGE_SHIFT | (input_number(&input, 1) & 0x1f);
    default:
        return input_below(&input, 40);
    }
}

static void put_words(void)
{
    const u32 first = (u32)input_number(&input, 1), count = 1 + input_below(&input, 8);

    for (u32 i = 0; i < count; i++) {
        const u64 word = a_word();

        memcpy(shim_memory() + (first + i) * 8, &word, 8);
    }
}

/* Makes the call as call_from_guest does: repeats it for as long as it is interrupted. */
static void make_call(void)
{
    struct vcpu *vcpu = shim_domain(actor)->vcpu[0];
    struct call call = {0};
    const u64 number = input_below(&input, 42);

    for (u32 i = 0; i < 4; i++) {
        call.argument[i] = a_word();
    }
    vcpu->registers.rsp = call.argument[0];
    if (number ==
        __HYPERVISOR_set_segment_base) { /* it only executes instructions of the processor */
        return;
    }
    for (u32 restarts = 0;; restarts++) {
        call.again = call.left = false;
        call_dispatch(vcpu, number, &call);
        if (!call.again) {
            return;
        }
        if (restarts > RESTARTS_MOST) {
            __builtin_trap();
        }
    }
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    input = (struct input){bytes, size};
    actor = 0;
    shim_start();
    for (u32 step = 1; input.left && step < STEPS_MOST; step++) {
        switch (input_below(&input, 8)) {
        case 0:
            actor = !actor;
            shim_run(actor);
            break;
        case 1:
            machine.stop_each = input_below(&input, 8);
            break;
        case 2:
        case 3:
        case 4:
            put_words();
            break;
        default:
            make_call();
        }
        if (step % AUDIT_EACH == 0) {
            shim_audit();
        }
    }
    shim_audit();
    shim_end();
    return 0;
}
