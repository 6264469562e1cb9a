/* SPDX-License-Identifier: MIT */
/* The advisories as short sequences of operations on the model world. */
#include "tests/model/scenario.h"

#include "tests/model/world.h"

#define FAN 2u

struct model_op act[ACTS_MAX];
u32 acts;

/* A tree with FAN tables below each table, and two pages that every L1 table maps. */
struct tree {
    u32 l4, l3[FAN], l2[FAN][FAN], l1[FAN][FAN][FAN], writable, readable;
};

/* ---- preparing ----------------------------------------------------------------------------- */

static u64 at(u32 m, u32 slot)
{
    return (u64)m << 12 | slot << 3;
}

static u64 rw(u32 m)
{
    return (u64)m << 12 | PTE_PRESENT | PTE_WRITABLE | PTE_USER;
}

static u64 ro(u32 m)
{
    return (u64)m << 12 | PTE_PRESENT | PTE_USER;
}

static u32 page_of(u32 domain)
{
    const struct model_op op = {.kind = OP_GIVE, .domain = domain, .at = ORACLE_NONE};
    world_do(&op);
    for (u32 m = world.oracle.frames; m-- > 0;) {
        if (world.oracle.frame[m].owner == domain) {
            return m; /* the allocator hands out frames in order */
        }
    }
    return ORACLE_NONE;
}

static void link_to(u32 table, u32 slot, u64 entry)
{
    const u32 owner = world.oracle.frame[table].owner;
    const struct model_op op = {.kind = OP_UPDATE,
                                .vcpu = (owner - 1) * 2,
                                .domain = owner,
                                .other = owner,
                                .at = at(table, slot),
                                .value = entry};
    world_do(&op);
}

static u32 spread(u32 i)
{
    return i ? 511 : 1;
}

static struct tree plant_for(u32 domain)
{
    struct tree t = {.l4 = page_of(domain)};
    for (u32 i = 0; i < FAN; i++) {
        t.l3[i] = page_of(domain);
        link_to(t.l4, spread(i), rw(t.l3[i]));
        for (u32 j = 0; j < FAN; j++) {
            t.l2[i][j] = page_of(domain);
            link_to(t.l3[i], spread(j), rw(t.l2[i][j]));
            for (u32 k = 0; k < FAN; k++) {
                t.l1[i][j][k] = page_of(domain);
                link_to(t.l2[i][j], spread(k), rw(t.l1[i][j][k]));
            }
        }
    }
    t.writable = page_of(domain);
    t.readable = page_of(domain);
    for (u32 i = 0; i < FAN * FAN * FAN; i++) {
        link_to(t.l1[i >> 2][i >> 1 & 1][i & 1], 0, rw(t.writable));
        link_to(t.l1[i >> 2][i >> 1 & 1][i & 1], 300, ro(t.readable));
    }
    return t;
}

static struct tree plant(void)
{
    return plant_for(1);
}

/* Makes a live root with one table of each level: the returned L4 table, and the three frames after
 * it. */
static u32 live_root(u32 vcpu)
{
    const u32 domain = world.oracle.vcpu[vcpu].domain;
    const u32 l4 = page_of(domain);
    u32 above = l4;
    for (u32 level = 3; level > 0; level--) {
        const u32 next = page_of(domain);
        link_to(above, 0, rw(next));
        above = next;
    }
    const struct model_op op = {.kind = OP_KERNEL_ROOT, .vcpu = vcpu, .at = l4};
    world_do(&op);
    return l4;
}

/* ---- the acts -------------------------------------------------------------------- */

static void happens(struct model_op op)
{
    op.domain = op.domain ? op.domain : world.oracle.vcpu[op.vcpu].domain;
    op.other = op.other ? op.other : op.domain;
    act[acts++] = op;
}

static void pin(u32 v, u32 m, u32 level)
{
    happens((struct model_op){.kind = OP_PIN, .vcpu = v, .at = m, .number = level});
}

static void unpin(u32 v, u32 m)
{
    happens((struct model_op){.kind = OP_UNPIN, .vcpu = v, .at = m});
}

static void update(u32 v, u32 m, u32 slot, u64 entry)
{
    happens((struct model_op){.kind = OP_UPDATE, .vcpu = v, .at = at(m, slot), .value = entry});
}

static void take(u32 domain, u32 m)
{
    happens((struct model_op){.kind = OP_TAKE, .domain = domain, .at = m});
}

static void root(enum model_op_kind kind, u32 v, u64 m)
{
    happens((struct model_op){.kind = kind, .vcpu = v, .at = m});
}

static void gdt(u32 v, u32 count, u32 m)
{
    happens(
        (struct model_op){.kind = OP_SET_GDT, .vcpu = v, .number = count, .list = {m, m, m, m}});
}

/* ---- group D: interruption, partial tables, undoing ------------------------------------- */

static void pinned_and_unpinned(void)
{
    const struct tree t = plant();
    pin(0, t.l4, 4);
    unpin(0, t.l4);
}

static void roots(void)
{
    const struct tree t = plant();
    const u32 small = live_root(0);
    root(OP_KERNEL_ROOT, 0, t.l4);
    root(OP_USER_ROOT, 0, t.l4);
    root(OP_USER_ROOT, 1, t.l4);
    root(OP_KERNEL_ROOT, 0, small);
    root(OP_USER_ROOT, 0, MFN_NONE.n);
    happens((struct model_op){.kind = OP_VCPU_STOP, .vcpu = 1});
}

static void hooked_and_unhooked(void)
{
    const struct tree t = plant();
    const u32 l4 = live_root(0);
    update(0, l4, 300, rw(t.l3[0]));
    update(1, l4, 300, rw(t.l3[1]));
    update(0, l4 + 1, 300, rw(t.l2[0][0]));
    update(1, l4, 300, 0);
    update(0, l4 + 1, 300, 0);
}

static void bad_last_entry(void)
{
    const struct tree t = plant();
    const u32 last = t.l1[FAN - 1][FAN - 1][FAN - 1];
    const u32 l4 = live_root(1);
    link_to(last, 511, rw(t.l4));
    pin(0, t.l4, 4);
    pin(1, t.l4, 4);
    update(
        1, l4, 300,
        rw(t.l3[FAN - 1])); /* 299c: linked while its demotion is interrupted, and still invalid */
    root(OP_KERNEL_ROOT, 0, t.l4);
    update(0, last, 511, 0);
    pin(0, t.l4, 4);
    unpin(1, t.l4);
}

static void freed_after_a_failure(void)
{
    const struct tree t = plant();
    const u32 foreign = page_of(2);
    link_to(t.l2[0][0], 511, rw(foreign));
    pin(0, t.l2[0][0], 2);
    take(1, t.l2[0][0]);
    pin(1, t.l3[0], 3);
    take(1, t.l3[0]);
}

static void released_while_pinned(void)
{
    const struct tree t = plant();
    const u32 l4 = live_root(1);
    pin(0, t.l4, 4);
    take(1, t.l4);
    take(1, t.l3[1]);
    take(1, t.l1[1][1][1]);
    update(1, l4 + 3, 1, rw(t.l3[1])); /* still protected */
    unpin(0, t.l4);
}

static void cleanup_is_no_put(void)
{
    const struct tree t = plant();
    const u32 l4 = live_root(4);
    pin(0, t.l3[0], 3);
    unpin(0, t.l3[0]);
    update(1, l4, 300, rw(t.l3[0]));
    update(4, l4 + 1, 300, rw(t.l2[0][1]));
    happens((struct model_op){.kind = OP_FINISH, .vcpu = 0});
    update(4, l4 + 1, 300, 0);
    update(1, l4, 300, 0);
}

static void owed_twice(void)
{
    const struct tree t = plant();
    link_to(t.l2[1][1], 511, rw(t.l4));
    pin(0, t.l3[1], 3);
    pin(1, t.l3[1], 3);
    pin(4, t.l2[1][1], 2);
    pin(5, t.l4, 4);
}

static void child_changes_hands(void)
{
    const struct tree t = plant();
    const u32 l4 = live_root(5), child = t.l2[0][1];
    pin(0, t.l3[0], 3);
    unpin(0, t.l3[0]);
    update(1, l4, 300, rw(t.l3[0]));
    update(4, l4 + 1, 300, rw(child));
    update(4, l4 + 1, 300, 0);
    take(1, child);
    update(1, l4, 300, 0);
}

static void given_up(void)
{
    const struct tree t = plant();
    const u32 l4 = live_root(1);
    pin(0, t.l3[0], 3);
    update(1, l4 + 3, 0,
           rw(t.l3[0])); /* used as another type: the partial table is demoted first */
    update(1, l4 + 3, 0, rw(t.l2[0][0]));
    update(1, l4 + 3, 0, 0);
    gdt(1, 1, t.l3[0]);
    happens((struct model_op){.kind = OP_HOLD, .domain = 1, .at = t.l2[0][1]});
}

static void unsafe_not_present(void)
{
    const struct tree t = plant();
    link_to(t.l1[0][0][1], 300, (u64)t.readable << 12);
    pin(0, t.l1[0][0][1], 1);
    pin(0, t.l2[0][0], 2);
    pin(1, t.l4, 4);
    update(0, t.l1[0][0][1], 300, 0);
    pin(1, t.l4, 4);
}

static void target_takes_its_table_apart(void)
{
    /* A table is live only through a partial one. It gets an entry for which the partial one must
     * first be demoted. */
    const struct tree t = plant();
    pin(0, t.l3[0], 3);
    update(1, t.l2[0][0], 300, rw(t.l3[0]));
    update(1, t.l2[0][0], 300, rw(t.l3[0]));
    pin(1, t.l2[0][0], 2);
}

/* ---- group C: tables of the same level ------------------------------------------------------ */

static void linear(void)
{
    const struct tree t = plant();
    const u32 l4 = live_root(1);
    link_to(t.l3[1], 511, ro(t.l3[1]));       /* a table that links to itself */
    link_to(t.l2[0][1], 511, ro(t.l2[0][0])); /* a chain */
    link_to(t.l2[0][0], 511, ro(t.l2[0][1])); /* and a circle */
    pin(0, t.l3[1], 3);
    pin(0, t.l2[0][0], 2);
    pin(1, t.l2[0][1], 2);
    pin(0, t.l4, 4);
    root(OP_KERNEL_ROOT, 0, t.l4);
    update(1, l4, 300, ro(l4)); /* the recursive slot, as textbooks describe it */
    update(1, l4 + 1, 300, ro(l4 + 1));
    update(1, l4 + 2, 300, rw(l4 + 2));
    update(1, l4, 300, ro(t.l4));
}

static void linear_late(void)
{
    /* 309: the linear entry comes first; after it are enough entries that the promotion can be
     * interrupted. */
    const struct tree t = plant();
    link_to(t.l3[0], 0, ro(t.l3[1]));
    pin(0, t.l3[1], 3);
    pin(1, t.l3[0], 3);
    update(1, t.l3[0], 0, 0);
    pin(1, t.l3[0], 3);
    update(0, t.l3[0], 0, ro(t.l3[1]));
    update(0, t.l3[1], 0, ro(t.l3[0]));
    unpin(0, t.l3[1]);
}

/* ---- group A: one frame, one use ------------------------------------------------------------ */

static void one_use(void)
{
    const struct tree t = plant();
    const u32 l4 = live_root(1);
    update(1, l4 + 3, 0, rw(t.l2[0][0]));
    pin(0, t.l4, 4); /* refused: the frame is writable */
    update(1, l4 + 3, 0, 0);
    pin(0, t.l4, 4);
    update(1, l4 + 3, 0, rw(t.l2[0][0]));
    update(1, l4 + 2, 0, rw(l4 + 3) | PTE_LARGE); /* 148, 182 */
    update(1, l4 + 2, 300, rw(t.writable) | PTE_LARGE);
    gdt(1, 1, t.l1[0][0][0]);
    unpin(0, t.l4);
    gdt(1, 1, t.l1[0][0][0]);
    gdt(1, 0, 0);
}

static void stolen(void)
{
    /* 287, 217, 214: a page is released while other vCPUs map, pin and load it. */
    const struct tree t = plant();
    const u32 theirs = page_of(2), l4 = live_root(2), mine = live_root(1);
    happens((struct model_op){
        .kind = OP_MAP_AT, .vcpu = 2, .other = 1, .at = at(l4 + 3, 0), .value = rw(t.readable)});
    take(1, t.readable);
    pin(0, t.l4, 4);
    gdt(1, 1, t.readable);
    update(1, mine, 300, rw(t.l3[0]));
    happens((struct model_op){.kind = OP_SET_M2P, .domain = 1, .at = t.readable, .value = 7});
    happens((struct model_op){.kind = OP_SET_M2P, .domain = 2, .at = t.readable, .value = 7});
    happens((struct model_op){
        .kind = OP_UNMAP_AT, .vcpu = 2, .at = at(l4 + 3, 0), .value = t.readable, .number = 1});
    take(2, theirs);
    unpin(0, t.l4);
}

static void every_number(void)
{
    /* 32, 248: numbers of frames that have no owner, are the hypervisor's, or do not exist. */
    static const u64 numbers[] = {0, 1, 39, 40, 1ull << 39, ~0ull};
    const struct tree t = plant();
    pin(1, t.l4, 4);
    for (u32 i = 0; i < ARRAY_LENGTH(numbers); i++) {
        happens((struct model_op){.kind = OP_PIN, .at = numbers[i], .number = 3});
        update(0, t.l2[0][0], 300, rw(0) | (numbers[i] << 12 & ~(0xfffull << 52)));
        update(1, t.l1[0][0][0], 511, rw(0) | (numbers[i] << 12 & ~(0xfffull << 52)));
    }
    unpin(0, t.l4);
}

/* ---- foreign hands: vCPUs 0 and 1, of domain 1, on frames of domain 2 ------------------------ */

static void foreign_pin(u32 v, u32 m, u32 level)
{
    happens((struct model_op){.kind = OP_PIN, .vcpu = v, .domain = 2, .at = m, .number = level});
}

static void foreign_unpin(u32 v, u32 m)
{
    happens((struct model_op){.kind = OP_UNPIN, .vcpu = v, .domain = 2, .at = m});
}

static void foreign_update(u32 v, u32 m, u32 slot, u64 entry)
{
    happens((struct model_op){
        .kind = OP_UPDATE, .vcpu = v, .domain = 2, .at = at(m, slot), .value = entry});
}

static void built_by_another(void)
{
    /* A toolstack pins what it has written; the owner and the toolstack unpin it. */
    const struct tree t = plant_for(2);
    foreign_pin(0, t.l4, 4);
    root(OP_KERNEL_ROOT, 2, t.l4);
    foreign_unpin(1, t.l4);
    root(OP_KERNEL_ROOT, 2, live_root(3));
    pin(3, t.l3[0], 3);
    foreign_unpin(0, t.l3[0]);
}

static void linked_by_another(void)
{
    const struct tree t = plant_for(2);
    const u32 l4 = live_root(2);
    foreign_update(0, l4, 300, rw(t.l3[0]));
    foreign_update(1, l4 + 1, 300, rw(t.l2[1][1]));
    foreign_update(1, l4, 300, rw(t.l3[1]));
    foreign_update(0, l4 + 1, 300, 0);
    update(2, l4, 300, 0);
}

static void bad_tree_of_another(void)
{
    const struct tree t = plant_for(2);
    const u32 last = t.l1[FAN - 1][FAN - 1][FAN - 1];
    link_to(last, 511, rw(t.l4));
    foreign_pin(0, t.l4, 4);
    foreign_pin(1, t.l4, 4);
    foreign_update(1, last, 511, 0);
    foreign_pin(0, t.l4, 4);
    foreign_unpin(1, t.l4);
}

static void mapped_by_another(void)
{
    /* Frames of a domain that dies are mapped, moved, held, and stay a husk until the last use. */
    const struct tree t = plant_for(2);
    const u32 l4 = live_root(0), l1 = l4 + 3;
    const struct model_op map = {
        .kind = OP_UPDATE, .other = 2, .at = at(l1, 0), .value = rw(t.writable)};
    struct model_op again = map;
    again.at = at(l1, 1);
    again.value = ro(t.readable);
    foreign_pin(0, t.l2[0][0], 2);
    happens(map);
    happens(again);
    happens((struct model_op){.kind = OP_DOMAIN_STOP, .domain = 2});
    happens((struct model_op){
        .kind = OP_REPLACE_VA, .expected = 1ull << 12, .value = t.writable, .number = 1});
    happens((struct model_op){.kind = OP_HOLD, .domain = 2, .at = t.readable});
    happens(map);
    update(0, l1, 0, rw(0)); /* a device frame in the place of the last mapping */
    foreign_pin(1, t.l2[0][0], 2);
}

const struct scenario scenarios[] = {
    {"a tree is pinned and unpinned (45, 290, 310)", pinned_and_unpinned, false, false},
    {"roots are loaded and left (45, 296)", roots, false, false},
    {"trees are linked and unlinked (45, 290)", hooked_and_unhooked, false, false},
    {"the last entry is bad (58, 299c)", bad_last_entry, false, false},
    {"freed after a failure (58)", freed_after_a_failure, false, false},
    {"released while pinned (252)", released_while_pinned, false, false},
    {"cleaning up is no put (299a, e)", cleanup_is_no_put, false, false},
    {"two deferred releases of one table (299b)", owed_twice, false, false},
    {"a partial table's child changes hands (299e)", child_changes_hands, false, false},
    {"a partial table is used as another type (299f)", given_up, false, false},
    {"unsafe entries that are not present (299h, 273)", unsafe_not_present, true, false},
    {"the target takes its table apart", target_takes_its_table_apart, false, false},
    {"tables of the same level (182, 240, 299d)", linear, false, false},
    {"tables of the same level, met late (309)", linear_late, false, false},
    {"one frame, one use (148, 182, 401)", one_use, false, false},
    {"a page changes hands (214, 217, 287)", stolen, false, false},
    {"every number (32, 248)", every_number, false, false},
    {"a domain is built by another", built_by_another, false, true},
    {"trees are linked by another", linked_by_another, false, true},
    {"the last entry is bad, in another's tree", bad_tree_of_another, false, true},
    {"frames are mapped by another, which outlives them", mapped_by_another, false, true},
};
const u32 scenario_count = ARRAY_LENGTH(scenarios);
