/* SPDX-License-Identifier: MIT */
/* Proves: on machines of a few frames every sequence of operations, down to a depth that is
 * printed, gets the same results and counts from the engine as from the oracle of its rules; and
 * from every state on the way, tearing down all domains, with every possible interruption, brings
 * every frame back.
 *
 * Sequences that come to the same state are followed once. Argument: how much deeper than usual
 * (default 0 or $MODEL_DEEPER). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/model/snapshot.h"

#define OPERATIONS_MAX 160u
#define SEEN_BITS      25u
#define FIRST          2u /* the first frame that may belong to a domain */

/* A state, represented by the state before it and the operation between them. */
struct node {
    u32 parent;
    u32 operation;
};

static struct model_op alphabet[OPERATIONS_MAX];
static u32 letters;
static struct node *nodes;
static u32 node_count;
static u64 *seen;
static u64 transitions, total_states, total_transitions;
static struct snapshot root;

static void letter(struct model_op op)
{
    op.domain = op.domain ? op.domain : op.vcpu / 2 + 1;
    op.other = op.other ? op.other : op.domain;
    alphabet[letters++] = op;
}

/* Adds the operation, and a second time with an interruption at each place where there can be
 * one. */
static void letter_stopped(struct model_op op)
{
    letter(op);
    op.stop_each = 1;
    letter(op);
}

static u64 at(u32 m, u32 slot)
{
    return (u64)m << 12 | slot << 3;
}

static u64 writable(u32 m)
{
    return (u64)m << 12 | PTE_PRESENT | PTE_WRITABLE | PTE_USER;
}

static u64 readable(u32 m)
{
    return (u64)m << 12 | PTE_PRESENT | PTE_USER;
}

static void give(u32 domain, u32 m)
{
    snapshot_allocate(m);
    world_do(&(struct model_op){.kind = OP_GIVE, .domain = domain, .at = m});
}

static void store(u32 domain, u32 m, u32 slot, u64 entry)
{
    world_do(&(struct model_op){.kind = OP_UPDATE,
                                .vcpu = (domain - 1) * 2,
                                .domain = domain,
                                .other = domain,
                                .at = at(m, slot),
                                .value = entry});
}

/* ---- the machines --------------------------------------------------------------------------- */

/* Adds the operations that every machine has for a frame. */
static void letters_of_frame(u32 domain, u32 m)
{
    const u32 v = (domain - 1) * 2;
    letter_stopped((struct model_op){.kind = OP_UNPIN, .vcpu = v, .at = m});
    letter((struct model_op){.kind = OP_TAKE, .domain = domain, .at = m});
    letter((struct model_op){.kind = OP_GIVE, .domain = domain, .at = m});
    letter((struct model_op){.kind = OP_HOLD, .domain = domain, .at = m});
    letter((struct model_op){.kind = OP_UNHOLD, .domain = domain, .at = m});
}

/* Three frames that may become pages or tables up to level 2. */
static void machine_of_two_levels(void)
{
    world_start(FIRST + 3, false);
    for (u32 m = FIRST; m < FIRST + 3; m++) {
        give(1, m);
        letters_of_frame(1, m);
        letter((struct model_op){.kind = OP_PIN, .at = m, .number = 1});
        letter_stopped((struct model_op){.kind = OP_PIN, .at = m, .number = 2});
        letter((struct model_op){.kind = OP_SET_GDT, .number = 1, .list = {m}});
        letter((struct model_op){.kind = OP_UPDATE, .at = at(m, 0)});
        letter((struct model_op){.kind = OP_UPDATE, .at = at(m, 511)});
        for (u32 n = FIRST; n < FIRST + 3; n++) {
            letter((struct model_op){.kind = OP_UPDATE, .at = at(m, 0), .value = writable(n)});
            letter((struct model_op){.kind = OP_UPDATE, .at = at(m, 0), .value = readable(n)});
            letter((struct model_op){.kind = OP_UPDATE, .at = at(m, 511), .value = writable(n)});
        }
    }
    letter((struct model_op){.kind = OP_SET_GDT});
    letter((struct model_op){.kind = OP_FINISH});
    letter((struct model_op){.kind = OP_UPDATE, .at = at(FIRST, 1), .value = writable(FIRST)});
}

/* Five frames, already linked as one whole address space, but not live. */
static void machine_of_four_levels(void)
{
    world_start(FIRST + 5, false);
    for (u32 m = FIRST; m < FIRST + 5; m++) {
        give(1, m);
    }
    for (u32 m = FIRST; m < FIRST + 5; m++) {
        const u32 level = 4 - (m - FIRST);
        letters_of_frame(1, m);
        letter((struct model_op){.kind = OP_UPDATE, .at = at(m, 0)});
        if (level > 0) {
            store(1, m, 0, writable(m + 1));
            letter_stopped((struct model_op){.kind = OP_PIN, .at = m, .number = level});
            letter_stopped(
                (struct model_op){.kind = OP_UPDATE, .at = at(m, 0), .value = writable(m + 1)});
            letter_stopped((struct model_op){
                .kind = OP_UPDATE, .vcpu = 1, .at = at(m, 511), .value = writable(m + 1)});
            letter((struct model_op){.kind = OP_UPDATE, .at = at(m, 511)});
            letter(
                (struct model_op){.kind = OP_UPDATE, .at = at(FIRST + 3, 0), .value = writable(m)});
            letter(
                (struct model_op){.kind = OP_UPDATE, .at = at(FIRST + 3, 1), .value = readable(m)});
        }
    }
    letter_stopped((struct model_op){.kind = OP_PIN, .vcpu = 1, .at = FIRST + 1, .number = 2});
    letter_stopped((struct model_op){.kind = OP_KERNEL_ROOT, .at = FIRST});
    letter_stopped((struct model_op){.kind = OP_USER_ROOT, .vcpu = 1, .at = FIRST});
    letter_stopped((struct model_op){.kind = OP_USER_ROOT, .vcpu = 1, .at = MFN_NONE.n});
    letter_stopped((struct model_op){.kind = OP_VCPU_STOP});
    letter_stopped((struct model_op){.kind = OP_FINISH});
    letter_stopped((struct model_op){.kind = OP_FINISH, .vcpu = 1});
    letter((struct model_op){.kind = OP_UPDATE_VA, .value = writable(FIRST + 4)});
    letter((struct model_op){.kind = OP_UPDATE_VA});
    letter((struct model_op){.kind = OP_SET_LDT, .entries = 512});
    letter((struct model_op){.kind = OP_LDT_FAULT});
    letter((struct model_op){
        .kind = OP_EMULATED_WRITE, .at = 1ull << 12, .number = 8, .value = readable(FIRST + 4)});
}

/* Two domains that map each other's pages, and one page of the hypervisor's. */
static void machine_of_two_domains(void)
{
    const u32 table[3] = {0, FIRST, FIRST + 2}, page[3] = {0, FIRST + 1, FIRST + 3};
    const u32 shared = FIRST + 4;
    world_start(FIRST + 5, true);
    snapshot_allocate(shared);
    world_do(&(struct model_op){.kind = OP_SHARE, .domain = 1, .at = shared, .number = 1});
    letter((struct model_op){.kind = OP_UNSHARE, .domain = 1, .at = shared});
    for (u32 d = 1; d <= 2; d++) {
        const u32 v = (d - 1) * 2, other = 3 - d;
        give(d, table[d]);
        give(d, page[d]);
        letters_of_frame(d, table[d]);
        letters_of_frame(d, page[d]);
        letter((struct model_op){.kind = OP_PIN, .vcpu = v, .at = table[d], .number = 1});
        letter((struct model_op){.kind = OP_PIN, .vcpu = v, .at = page[d], .number = 1});
        const u64 entries[] = {writable(page[d]),      writable(page[other]), readable(page[other]),
                               readable(table[other]), writable(shared),      readable(shared),
                               (u64)page[other] << 12};
        for (u32 i = 0; i < ARRAY_LENGTH(entries); i++) {
            const u32 owner = i == 0 ? d : i >= 4 ? 1 : other;
            letter((struct model_op){.kind = OP_MAP_AT,
                                     .vcpu = v,
                                     .at = at(table[d], 0),
                                     .value = entries[i],
                                     .other = owner});
        }
        letter((struct model_op){.kind = OP_UPDATE,
                                 .vcpu = v,
                                 .at = at(table[d], 1),
                                 .value = readable(page[other]),
                                 .other = other});
        letter((struct model_op){.kind = OP_UPDATE, .vcpu = v, .at = at(table[d], 0)});
        letter((struct model_op){.kind = OP_UNMAP_AT,
                                 .vcpu = v,
                                 .at = at(table[d], 0),
                                 .value = page[other],
                                 .number = 1});
        letter((struct model_op){
            .kind = OP_UNMAP_AT, .vcpu = v, .at = at(table[d], 0), .value = page[other]});
        letter((struct model_op){.kind = OP_SET_GDT, .vcpu = v, .number = 1, .list = {page[d]}});
        letter((struct model_op){.kind = OP_VCPU_STOP, .vcpu = v});
        letter_stopped((struct model_op){.kind = OP_DOMAIN_STOP, .domain = d});
    }
}

/* Adds the operations by which domain `d` changes an entry of its table: entries of device frames,
 * to which the two domains have different rights, and the frames of the other one. */
static void letters_of_mappings(u32 d, u32 table, u32 own, u32 theirs)
{
    const u32 v = (d - 1) * 2, beyond = world.oracle.frames + 1;
    const struct {
        u32 owner;
        u64 entry;
    } entries[] = {{d, 0},
                   {d, writable(own)},
                   {d, writable(0)},
                   {d, readable(0) | PTE_LARGE}, /* write-combining */
                   {ORACLE_DEVICES, writable(beyond) | PTE_PCD},
                   {3 - d, writable(theirs)},
                   {3 - d, readable(theirs)},
                   {3 - d, writable(beyond)},
                   {ORACLE_HYPERVISOR, readable(1)}};
    for (u32 i = 0; i < ARRAY_LENGTH(entries); i++) {
        letter((struct model_op){.kind = OP_UPDATE,
                                 .vcpu = v,
                                 .at = at(table, i % 3 ? 0 : 1),
                                 .value = entries[i].entry,
                                 .other = entries[i].owner});
    }
}

/* Domain 1 has its hands in domain 2: it writes and pins the tables of that one, which are linked,
 * but not live, and maps its frames, while domain 2 uses and releases them, or dies. */
static void machine_of_foreign_hands(void)
{
    const u32 l2 = FIRST, l1 = FIRST + 1, page = FIRST + 2, table = FIRST + 3, own = FIRST + 4;
    world_start(FIRST + 5, false);
    for (u32 m = FIRST; m < FIRST + 5; m++) {
        give(m < table ? 2 : 1, m);
    }
    store(2, l2, 0, writable(l1));
    store(2, l2, 1, writable(l1));
    store(2, l1, 0, writable(page));
    for (u32 v = 0; v <= 2; v += 2) {
        letter_stopped(
            (struct model_op){.kind = OP_PIN, .vcpu = v, .domain = 2, .at = l2, .number = 2});
        letter_stopped((struct model_op){.kind = OP_UNPIN, .vcpu = v, .domain = 2, .at = l2});
        letter((struct model_op){.kind = OP_PIN, .vcpu = v, .domain = 2, .at = l1, .number = 1});
        letter((struct model_op){.kind = OP_UNPIN, .vcpu = v, .domain = 2, .at = l1});
        letter((struct model_op){.kind = OP_FINISH, .vcpu = v});
    }
    letter_stopped((struct model_op){.kind = OP_UPDATE, .domain = 2, .at = at(l2, 0)});
    letter_stopped(
        (struct model_op){.kind = OP_UPDATE, .domain = 2, .at = at(l2, 1), .value = writable(l1)});
    letter((struct model_op){.kind = OP_UPDATE, .domain = 2, .at = at(l1, 0)});
    letter(
        (struct model_op){.kind = OP_UPDATE, .domain = 2, .at = at(l1, 1), .value = writable(0)});
    letter((struct model_op){
        .kind = OP_UPDATE, .domain = 2, .other = 1, .at = at(l1, 1), .value = writable(own)});
    letter((struct model_op){.kind = OP_PIN, .at = table, .number = 1});
    letter((struct model_op){.kind = OP_UNPIN, .at = table});
    letters_of_mappings(1, table, own, page);
    letter((struct model_op){.kind = OP_HOLD, .domain = 2, .at = page});
    letter((struct model_op){.kind = OP_UNHOLD, .domain = 2, .at = page});
    letter((struct model_op){.kind = OP_TAKE, .domain = 2, .at = page});
    letter((struct model_op){.kind = OP_TAKE_UNUSED, .domain = 2, .at = page});
    letter((struct model_op){.kind = OP_TAKE, .domain = 2, .at = l2});
    letter((struct model_op){.kind = OP_GIVE, .domain = 2, .at = page});
    letter((struct model_op){.kind = OP_VCPU_STOP, .vcpu = 2});
    letter_stopped((struct model_op){.kind = OP_DOMAIN_STOP, .domain = 2});
}

/* A live address space, in which two entries are replaced by each other: entries of the domain's
 * own page, of another domain's, of a device frame, and none. */
static void machine_of_replacements(void)
{
    const u32 l2 = FIRST + 2, l1 = FIRST + 3, own = FIRST + 4, theirs = FIRST + 5;
    world_start(FIRST + 6, false);
    for (u32 m = FIRST; m < FIRST + 6; m++) {
        give(m < theirs ? 1 : 2, m);
    }
    for (u32 m = FIRST; m < l1; m++) {
        store(1, m, 0, writable(m + 1));
    }
    world_do(&(struct model_op){.kind = OP_KERNEL_ROOT, .domain = 1, .at = FIRST});
    const u32 mapped[] = {own, theirs, 0};
    for (u32 slot = 0; slot < 2; slot++) {
        for (u32 i = 0; i < 2 * ARRAY_LENGTH(mapped); i++) {
            const u32 m = mapped[i / 2];
            letter((struct model_op){.kind = OP_UPDATE_VA,
                                     .at = (u64)slot << 12,
                                     .value = i % 2 ? writable(m) : readable(m),
                                     .other = m == theirs ? 2 : 1});
            for (u32 source = 0; source < 2; source++) {
                letter((struct model_op){.kind = OP_REPLACE_VA,
                                         .at = (u64)slot << 12,
                                         .expected = (u64)source << 12,
                                         .value = m,
                                         .number = i % 2});
            }
        }
        letter((struct model_op){.kind = OP_UPDATE_VA, .at = (u64)slot << 12});
        letter((struct model_op){
            .kind = OP_UNMAP_VA, .at = (u64)slot << 12, .value = theirs, .number = slot});
    }
    letter((struct model_op){.kind = OP_UPDATE, .at = at(l2, 0)});
    letter((struct model_op){.kind = OP_UPDATE, .at = at(l2, 0), .value = writable(l1)});
    letter((struct model_op){.kind = OP_TAKE, .domain = 1, .at = own});
    letter((struct model_op){.kind = OP_PIN, .vcpu = 2, .at = theirs, .number = 1});
    letter((struct model_op){.kind = OP_UNPIN, .vcpu = 2, .at = theirs});
    letter((struct model_op){.kind = OP_DOMAIN_STOP, .domain = 2});
}

/* ---- the search ----------------------------------------------------------------------------- */

/* Says whether the caller's side of the contract is fulfilled for this operation. */
static bool is_allowed(const struct model_op *op)
{
    const struct oracle *o = &world.oracle;
    const struct oracle_frame *f = op->at < o->frames ? &o->frame[op->at] : NULL;
    const struct oracle_vcpu *v = &o->vcpu[(op->domain - 1) * 2];
    switch (op->kind) {
    case OP_GIVE:
        return f && !f->owner;
    case OP_HOLD:
        return f && !f->held;
    case OP_UNHOLD:
        return f && f->held && f->owner == op->domain;
    case OP_UNSHARE:
        return f && f->type == VMMU_TYPE_SHARED && f->allocated;
    case OP_DOMAIN_STOP:
        return v->gdt[0] == ORACLE_NONE && v->owed == ORACLE_NONE;
    case OP_TAKE:
        return true;
    default:
        return !o->domain[op->vcpu / 2 + 1].dying;
    }
}

static void perform(const struct model_op *op)
{
    if (op->kind == OP_GIVE) {
        snapshot_allocate((u32)op->at);
    }
    world_do(op);
}

/* Returns true when a hash is seen for the first time. */
static bool is_new(u64 hash)
{
    u64 i = hash >> (64 - SEEN_BITS);
    hash |= 1; /* 0 means empty */
    while (seen[i] && seen[i] != hash) {
        i = (i + 1) & ((1ull << SEEN_BITS) - 1);
    }
    const bool fresh = seen[i] == 0;
    seen[i] = hash;
    return fresh;
}

/* Tears down all domains in the smallest possible steps and checks that all frames come back. */
static void die(void)
{
    for (u32 v = 0; v < 4; v++) {
        const struct model_op op = {.kind = OP_VCPU_STOP, .vcpu = v, .stop_each = 1};
        while (world_do(&op) == VMMU_AGAIN) {
        }
    }
    for (u32 d = 1; d <= 2; d++) {
        const struct model_op op = {.kind = OP_DOMAIN_STOP, .domain = d, .stop_each = 1};
        while (world_do(&op) == VMMU_AGAIN) {
        }
    }
    world_let_go();
    if (world_free_frames() != world.oracle.frames - FIRST) {
        printf("%u of %u frames came back\n", world_free_frames(), world.oracle.frames - FIRST);
        exit(1);
    }
}

/* Brings the world into the state of `node`. */
static void go_to(u32 node)
{
    u32 path[64], length = 0;
    for (u32 n = node; n; n = nodes[n].parent) {
        path[length++] = nodes[n].operation;
    }
    snapshot_restore(&root);
    while (length) {
        perform(&alphabet[path[--length]]);
    }
}

/* Tries every operation in the state of `node`. */
static void expand(u32 node, bool last)
{
    static struct snapshot here;
    go_to(node);
    snapshot_take(&here);
    for (u32 i = 0; i < letters; i++) {
        if (!is_allowed(&alphabet[i])) {
            continue;
        }
        perform(&alphabet[i]);
        transitions++;
        const bool fresh = is_new(snapshot_hash());
        if (fresh) {
            if (node_count == 1u << (SEEN_BITS - 1)) {
                printf("too many states\n");
                exit(1);
            }
            if (!last) {
                nodes[node_count] = (struct node){node, i};
            }
            node_count++;
            die();
        }
        snapshot_restore(&here);
    }
}

static void search(const char *name, void (*set_up)(void), u32 depth)
{
    letters = 0;
    transitions = 0;
    world.story = name;
    set_up();
    snapshot_take(&root);
    for (u64 i = 0; i < 1ull << SEEN_BITS; i++) {
        seen[i] = 0;
    }
    is_new(snapshot_hash());
    node_count = 1;
    u32 first = 0, end = 1, level = 0;
    for (; level < depth && first < end; level++) {
        for (u32 n = first; n < end; n++) {
            expand(n, level + 1 == depth);
        }
        first = end;
        end = node_count;
    }
    printf("%s: %u operations, every sequence of up to %u: %u states, %llu steps%s\n", name,
           letters, level, node_count, (unsigned long long)transitions,
           first == end ? " (there are no more states)" : "");
    total_states += node_count;
    total_transitions += transitions;
    snapshot_restore(&root);
    world_end();
}

int main(int count, char **arguments)
{
    const char *text = count > 1 ? arguments[1] : getenv("MODEL_DEEPER");
    const u32 deeper = text ? (u32)strtoul(text, NULL, 0) : 0;
    struct timespec begin, end;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    nodes = malloc(sizeof(*nodes) << (SEEN_BITS - 1));
    seen = malloc(sizeof(*seen) << SEEN_BITS);
    if (!nodes || !seen) {
        return 1;
    }
    search("two levels", machine_of_two_levels, 3 + deeper);
    search("four levels", machine_of_four_levels, 3 + deeper);
    search("two domains", machine_of_two_domains, 5 + deeper);
    search("foreign hands", machine_of_foreign_hands, 4 + deeper);
    search("replacements", machine_of_replacements, 4 + deeper);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%llu states, %llu steps, no difference, %.1f s\n", (unsigned long long)total_states,
           (unsigned long long)total_transitions,
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    free(nodes);
    free(seen);
    return 0;
}
