/* SPDX-License-Identifier: MIT */
/* A guest that attacks: proves that nothing a guest kernel does stops the hypervisor.
 *
 * It makes random hypercalls and random changes of page tables (by request and by ordinary stores),
 * and runs random privileged instructions, with values where errors are likely: limits, the
 * hypervisor's addresses, its own pointers, its own frames and those of others. It catches traps
 * and continues. Often it destroys itself in the end, and its domain crashes; that is allowed.
 *
 * Command line: seed=N, rounds=N (attacks), trace=1 (prints each attack before making it). It has
 * no verdict of its own: tests/system/test_hostile_guest.sh checks what is left. */
#include "tests/guests/hostile/calls.h"
#include "tests/guests/hostile/code.h"

static void (*const kinds[])(void) = {
    attack_call,    attack_structure, attack_structure,   attack_multicall,   attack_update,
    attack_update,  attack_update,    attack_update,      attack_mmuext,      attack_mmuext,
    attack_mmuext,  attack_memory,    attack_table,       attack_table,       attack_table,
    attack_store,   attack_store,     attack_store,       attack_touch,       attack_mapping,
    attack_mapping, attack_segments,  attack_instruction, attack_instruction, attack_user,
    attack_iret,    attack_sleep,     attack_grant,       attack_grant,       attack_queues,
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
        if (is_broken || attacks % REPAIR_EACH == 0) {
            trap_catch(one_repair, NULL);
        }
        if (trap_catch(one_attack, NULL)) {
            trapped++;
        }
        attacking = false;
        info->evtchn_upcall_mask = 1;
    }
}

static u64 option(const char *name, u64 otherwise)
{
    size_t length = strlen(name);
    u64 value = 0;

    for (const char *at = (const char *)start_info->cmd_line; *at; at++) {
        if (memcmp(at, name, length)) {
            continue;
        }
        for (at += length; *at >= '0' && *at <= '9'; at++) {
            value = value * 10 + (u64)(*at - '0');
        }
        return value;
    }
    return otherwise;
}

/* For half of the seeds the vcpu_info is in a page of its own. */
static void move_info(void)
{
    u8 *page = page_take();
    struct vcpu_register_vcpu_info request = {.mfn = mfn_of(page), .offset = 64};

    info = vcpu_info();
    if (seed % 2 && !vcpu_op(VCPUOP_register_vcpu_info, 0, &request)) {
        info = (struct vcpu_info *)(page + 64);
    }
}

/* Maps the guest's grant table, to write grants into it. Without grants, the window's own page
 * stays. */
static void start_grants(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};

    grants = window_take();
    set_xen_guest_handle(setup.frame_list, &frame);
    if (!hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, address(&setup), 1) &&
        setup.status == GNTST_okay) {
        update_va_mapping(address(grants), frame * PAGE_SIZE | PTE_RW, UVMF_INVLPG);
    }
}

void test_main(void)
{
    seed = option("seed=", seed);
    rounds = option("rounds=", rounds);
    trace = option("trace=", trace);
    random_state = seed * 0x9e3779b97f4a7c15ull + 1;
    for (unsigned i = 0; i < PLAY_PAGES; i++) {
        play[i] = page_take();
    }
    for (unsigned i = 0; i < PLAY_WINDOWS; i++) {
        play_window[i] = window_take();
    }
    code = page_take();
    for (unsigned i = 0; i < start_info->nr_pages; i++) {
        if (pfn_to_mfn(i) >= frames_seen) {
            frames_seen = pfn_to_mfn(i) + 1;
        }
    }
    user_space_make(&user);
    second_root = root_make();
    alias_make();
    move_info();
    start_grants();
    trap_take(VECTOR_EVENT, on_event);
    trap_take(VECTOR_DB, on_debug);
    print("hostile: seed %lu begins\n", seed);
    campaign();
    attacking = false;
    print("hostile: seed %lu made %lu attacks, %lu trapped, %lu were stuck\n", seed, attacks,
          trapped, stuck);
}
