/* SPDX-License-Identifier: MIT */
/* Random operations that are nearly valid most of the time. */
#include "tests/model/choose.h"

#include "tests/machine/machine.h"

static u64 random_bits;

void choose_seed(u64 seed)
{
    random_bits = seed * 0x9e3779b97f4a7c15ull + 0x1234567;
}

static u64 random64(void)
{
    u64 z = (random_bits += 0x9e3779b97f4a7c15ull);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

u32 choose_below(u32 n)
{
    return (u32)((random64() >> 32) * n >> 32);
}

bool choose_percent(u32 percent)
{
    return choose_below(100) < percent;
}

/* The level at which frame `m` is preferably used; 0: as a page. */
static u32 taste(u32 m)
{
    static const u8 tastes[12] = {4, 3, 2, 1, 0, 1, 0, 2, 4, 3, 1, 0};
    return tastes[m % 12];
}

/* The level at which frame `m` is used now, or else would preferably be used. */
static u32 level_of(const struct oracle *o, u32 m)
{
    const struct oracle_frame *f = &o->frame[m];
    return f->types ? (oracle_is_table(f->type) ? (u32)f->type : 0) : taste(m);
}

/* A frame of the domain for use at `level`; sometimes any frame. */
static u32 frame_for(const struct oracle *o, u32 domain, u32 level)
{
    u32 any = ORACLE_NONE;
    if (choose_percent(3)) {
        return choose_below(o->frames + 2);
    }
    const bool picky = choose_percent(93);
    for (u32 i = 0, m = choose_below(o->frames); i < o->frames; i++, m = (m + 1) % o->frames) {
        if (o->frame[m].owner == domain) {
            if (!picky || level_of(o, m) == level) {
                return m;
            }
            any = m;
        }
    }
    return any == ORACLE_NONE ? choose_below(o->frames) : any;
}

bool choose_is_sound(const struct oracle *o, u32 m, u32 index)
{
    const u64 entry = oracle_word(o, m, index);
    const u32 level = taste(m), target = oracle_target(entry);
    if (entry == 0 || level == 0) {
        return true;
    }
    if (!(entry & PTE_PRESENT) || (entry & (PTE_LARGE | PTE_PCD | PTE_PWT | PTE_GLOBAL)) ||
        target >= o->frames || o->frame[target].owner != o->frame[m].owner ||
        o->frame[target].type == VMMU_TYPE_SHARED) {
        return level == 4 && index >= 256 && index < 272;
    }
    return level > 1 ? taste(target) == level - 1 : !(entry & PTE_WRITABLE) || !taste(target);
}

static u32 slot(void)
{
    static const u16 often[] = {0, 0, 0, 0, 1, 1, 255, 272, 300, 511};
    return choose_percent(6) ? 256 + choose_below(16) : often[choose_below(ARRAY_LENGTH(often))];
}

static u64 odd_bits(void)
{
    static const u64 odd[] = {PTE_LARGE, PTE_LARGE,  PTE_PCD,    PTE_PWT,    PTE_GLOBAL,
                              1ull << 9, 1ull << 52, 1ull << 58, 1ull << 62, 1ull << 63};
    return odd[choose_below(ARRAY_LENGTH(odd))];
}

/* An entry for a table of `level` of domain `owner` that names frames of `other`. */
static u64 entry_for(const struct oracle *o, u32 other, u32 level)
{
    const u32 kind = choose_below(100);
    u64 entry = PTE_PRESENT | (random64() & (PTE_USER | PTE_ACCESSED | PTE_DIRTY)) | PTE_USER;
    if (kind < 22) {
        return 0;
    }
    if (level > 1) {
        entry |= (u64)frame_for(o, other, level - 1) << 12;
    } else if (kind < 75) {
        entry |= (u64)frame_for(o, other, 0) << 12;
    } else if (kind < 90) {
        entry |= (u64)frame_for(o, other, 1) << 12;
    } else {
        entry |= (u64)frame_for(o, other, choose_below(5)) << 12;
    }
    if (level > 1 || kind < 65) {
        entry |= PTE_WRITABLE;
    }
    if (level == 1 && choose_percent(other == ORACLE_DEVICES ? 80 : 6)) {
        /* A device frame: one below the number of frames, or one of the first above. */
        const u32 number = choose_below(6);
        entry = (entry & ~PTE_ADDRESS) | (u64)(number ? o->frames + number - 1 : 0) << 12;
        return entry | (random64() & (PTE_PWT | PTE_PCD | PTE_LARGE)) |
               (choose_percent(50) ? PTE_WRITABLE : 0);
    }
    if (kind == 99) {
        entry |= choose_percent(50) ? PTE_ADDRESS : 1ull << (20 + choose_below(32));
    } else if (kind >= 97) {
        entry ^= odd_bits();
    } else if (kind == 96) {
        entry &= ~PTE_PRESENT;
    }
    return entry;
}

/* What a chosen address should map. */
enum wish { ANYTHING, L1_TABLE, QUIET_PAGE, DEVICE };

static bool fulfils(const struct oracle *o, u64 entry, enum wish wish)
{
    const u32 target = oracle_target(entry);
    if (wish == DEVICE) {
        return oracle_is_device(o, target);
    }
    if (wish == ANYTHING || target >= o->frames) {
        return true;
    }
    const struct oracle_frame *f = &o->frame[target];
    return wish == L1_TABLE ? !(entry & PTE_WRITABLE) && f->type == VMMU_TYPE_L1
                            : f->types == 0 || f->type == VMMU_TYPE_DESCRIPTOR;
}

/* A slot of table `m` that is in use, if there is one, preferably one that maps what `wish`
 * says. */
static u32 used_slot(const struct oracle *o, u32 m, enum wish wish)
{
    u32 found = slot();
    if (m == ORACLE_NONE || choose_percent(10)) {
        return found;
    }
    const u32 first = choose_below(ORACLE_SLOTS);
    for (u32 n = 0; n < ORACLE_SLOTS; n++) {
        const u32 index = oracle_slot[(first + n) % ORACLE_SLOTS];
        const u64 entry = oracle_word(o, m, index);
        if ((entry & PTE_PRESENT) &&
            (o->frame[m].type != VMMU_TYPE_L4 || index < 256 || index > 271)) {
            found = index;
            if (fulfils(o, entry, wish)) {
                break;
            }
        }
    }
    return found;
}

/* An address in the vCPU's kernel root, mapped most of the time. */
static u64 address(const struct oracle *o, u32 vcpu, enum wish wish)
{
    u32 m = o->vcpu[vcpu].kernel_root;
    u64 va = 0;
    for (u32 level = 4; level > 0; level--) {
        const u32 index = used_slot(o, m, level == 1 ? wish : ANYTHING);
        va |= (u64)index << (12 + 9 * (level - 1));
        const u64 entry = m == ORACLE_NONE ? 0 : oracle_word(o, m, index);
        m = (entry & PTE_PRESENT) && oracle_target(entry) < o->frames ? oracle_target(entry)
                                                                      : ORACLE_NONE;
    }
    va = va >> 47 & 1 ? va | 0xffffull << 48 : va;
    return choose_percent(1) ? va ^ 1ull << (47 + choose_below(17)) : va;
}

u64 choose_address(const struct oracle *o, u32 vcpu)
{
    return address(o, vcpu, ANYTHING);
}

/* An address that maps an L1 table read-only, if one is found after a few tries. */
static u64 table_address(const struct oracle *o, u32 vcpu)
{
    u64 va = 0;
    for (u32 tries = 0; tries < 4; tries++) {
        va = address(o, vcpu, L1_TABLE);
        if (oracle_shown_table(o, vcpu, va) != ORACLE_NONE) {
            break;
        }
    }
    return va;
}

/* ---- arguments, by kind --------------------------------------------------------------------- */

/* Arguments of an operation on the M2P word of a frame. */
static void for_m2p(const struct oracle *o, struct model_op *op)
{
    op->at = (u64)frame_for(o, op->other, choose_below(5)) << 12;
    op->value = random64() >> choose_below(64);
    op->number = VMMU_UPDATE_M2P;
}

static void for_update(const struct oracle *o, struct model_op *op)
{
    if (choose_percent(2)) {
        for_m2p(o, op);
        return;
    }
    u32 m = frame_for(o, op->domain, 1 + choose_below(4));
    u32 level = m < o->frames ? level_of(o, m) : 1;
    op->at = (u64)m << 12 | slot() << 3;
    op->value = entry_for(o, op->other, level ? level : 1 + choose_below(4));
    op->number = choose_percent(80) ? VMMU_UPDATE_NORMAL : VMMU_UPDATE_PRESERVE_AD;
    if (choose_percent(6) && m < o->frames) { /* what is there, with another right or mark */
        op->value =
            oracle_word(o, m, op->at >> 3 & 511) ^ (choose_percent(60) ? PTE_WRITABLE : odd_bits());
    }
    if (choose_percent(1)) {
        op->number = VMMU_UPDATE_NO_TRANSLATE + choose_below(3);
    }
    if (choose_percent(1)) {
        op->at = choose_percent(50) ? op->at + 1 + choose_below(7) : random64() & ~7ull;
    }
}

/* Arguments for mapping or unmapping a grant at `op->at`, which is slot `index` of frame `m`. */
static void for_grant(const struct oracle *o, struct model_op *op, u32 m, u32 index)
{
    const u64 now = m < o->frames ? oracle_word(o, m, index) : 0;
    if (op->kind == OP_MAP_AT) {
        op->value = entry_for(o, op->other, 1);
        return;
    }
    op->value = choose_percent(92) ? oracle_target(now) : choose_below(o->frames);
    op->number = choose_percent(92) ? !!(now & PTE_WRITABLE) : choose_below(2);
}

static void for_map_at(const struct oracle *o, struct model_op *op)
{
    const u32 m = frame_for(o, op->domain, choose_percent(95) ? 1 : choose_below(5));
    const u32 index = slot();
    op->at = (u64)m << 12 | index << 3 | (choose_percent(1) ? 4 : 0);
    for_grant(o, op, m, index);
}

/* Arguments for replacing a mapping by another one. */
static void for_replace(const struct oracle *o, struct model_op *op)
{
    op->at = address(o, op->vcpu, ANYTHING);
    op->expected = address(o, op->vcpu, ANYTHING);
    const u64 now = oracle_walk(o, op->vcpu, op->at);
    op->value = choose_percent(92) ? now >> 12 & 0xffffffffffull : choose_below(o->frames);
    op->number = choose_percent(92) ? !!(now & PTE_WRITABLE) : choose_below(2);
}

static void for_emulated_write(const struct oracle *o, struct model_op *op)
{
    static const u8 widths[] = {8, 8, 8, 8, 4, 2, 1, 3};
    const u64 va = table_address(o, op->vcpu);
    const u32 m = oracle_shown_table(o, op->vcpu, va), index = slot();
    const u64 now = m == ORACLE_NONE ? 0 : oracle_word(o, m, index);
    op->number = widths[choose_below(ARRAY_LENGTH(widths))];
    const u32 within =
        choose_percent(97) ? choose_below(8) / op->number * op->number % 8 : choose_below(8);
    op->at = (va & ~0xfffull) | index << 3 | within;
    if (op->kind == OP_EMULATED_AT) {
        const u32 table = m == ORACLE_NONE ? choose_below(o->frames + 1) : m;
        op->at = (u64)table << 12 | index << 3 | within;
    }
    op->expected = now >> within * 8;
    op->value = entry_for(o, op->domain, 1) >> within * 8;
    if (choose_percent(5)) {
        op->expected ^= 1ull << choose_below(64);
    }
}

static void for_gdt(const struct oracle *o, struct model_op *op)
{
    op->number = choose_percent(97) ? choose_below(4) : choose_below(17);
    op->entries = choose_percent(95) ? op->number * 512 : choose_below(9000);
    for (u32 i = 0; i < 4; i++) {
        op->list[i] = frame_for(o, op->domain, 0);
    }
}

static void for_ldt(const struct oracle *o, struct model_op *op)
{
    static const u16 entries[] = {0, 1, 511, 512, 513, 1024, 8192, 8193};
    op->at = address(o, op->vcpu, QUIET_PAGE) & (choose_percent(97) ? ~0xfffull : ~0ull);
    op->entries = entries[choose_below(ARRAY_LENGTH(entries))];
}

static void for_descriptor(const struct oracle *o, struct model_op *op)
{
    static const u64 values[] = {0,
                                 0x00af9b000000ffff, /* code, ring 0 */
                                 0x00cff3000000ffff, /* data, ring 3, accessed */
                                 0x00cff2000000ffff, /* not accessed */
                                 0x0000ec0000080000, /* a call gate */
                                 0x0000e20000000067, /* an LDT */
                                 0x0000e00000000067, /* the reserved type */
                                 0x00007fffffffffff /* not present */};
    op->at =
        (u64)frame_for(o, op->domain, choose_percent(90) ? 0 : choose_below(5)) << 12 | slot() << 3;
    op->value = values[choose_below(ARRAY_LENGTH(values))];
    if (choose_percent(1)) {
        op->at = choose_percent(50) ? op->at + 4 : random64() & ~7ull;
    }
}

/* Chooses the frame of an operation that has one. */
static void for_frame(const struct oracle *o, struct model_op *op)
{
    op->at = frame_for(o, op->domain, choose_below(5));
    op->value = random64() >> choose_below(64);
    if (op->kind == OP_PIN) {
        op->at = frame_for(o, op->domain, choose_percent(50) ? 4 : 1 + choose_below(4));
        op->number = choose_percent(96) ? (op->at < o->frames ? level_of(o, (u32)op->at) : 1)
                                        : choose_below(7);
    } else if (op->kind == OP_KERNEL_ROOT || op->kind == OP_USER_ROOT) {
        op->at = frame_for(o, op->domain, 4);
        if (op->kind == OP_USER_ROOT && choose_percent(25)) {
            op->at = MFN_NONE.n;
        }
    } else if (op->kind == OP_HIDE_M2P) {
        op->number = choose_percent(50);
    } else if (choose_percent(1)) {
        op->at = random64();
    }
}

/* A frame on which `op` reverses an earlier operation; NONE: there is none. */
static u32 frame_to_undo(const struct oracle *o, const struct model_op *op)
{
    for (u32 i = 0, m = choose_below(o->frames); i < o->frames; i++, m = (m + 1) % o->frames) {
        const struct oracle_frame *f = &o->frame[m];
        if (m > 1 && f->owner &&
            ((op->kind == OP_UNHOLD && f->held) || (op->kind == OP_UNREFERENCE && f->looked) ||
             (op->kind == OP_UNPIN && f->pinned && f->owner == op->domain) ||
             (op->kind == OP_UNSHARE && f->type == VMMU_TYPE_SHARED && f->allocated))) {
            return m;
        }
    }
    return ORACLE_NONE;
}

static u32 free_frames(const struct oracle *o)
{
    u32 n = 0;
    for (u32 m = 2; m < o->frames; m++) {
        n += !o->frame[m].owner;
    }
    return n;
}

/* Fills in an operation on an address of the vCPU. Returns false if this kind has none. */
static bool fill_address(const struct oracle *o, struct model_op *op)
{
    switch (op->kind) {
    case OP_UPDATE_VA:
        op->at = address(o, op->vcpu, ANYTHING);
        op->value = entry_for(o, op->other, 1);
        return true;
    case OP_EMULATED_WRITE:
    case OP_EMULATED_AT:
        for_emulated_write(o, op);
        return true;
    case OP_IS_L1_WRITE:
        op->at = table_address(o, op->vcpu);
        return true;
    case OP_FIND_DEVICE:
        op->at = address(o, op->vcpu, DEVICE);
        return true;
    case OP_UNMAP_VA:
        op->at = address(o, op->vcpu, ANYTHING);
        for_grant(o, op, oracle_table(o, op->vcpu, op->at, 1), op->at >> 12 & 511);
        return true;
    case OP_REPLACE_VA:
        for_replace(o, op);
        return true;
    case OP_STORE:
        op->value = entry_for(o, op->domain, 1 + choose_below(4));
        /* fall through */
    case OP_LOAD:
        op->number = choose_percent(10);
        op->at = (address(o, op->vcpu, ANYTHING) & ~0xfffull) | slot() << 3;
        return true;
    default:
        return false;
    }
}

/* Returns false if no operation of this kind is possible now. */
static bool fill(const struct oracle *o, struct model_op *op)
{
    if (fill_address(o, op)) {
        return true;
    }
    switch (op->kind) {
    case OP_GIVE:
    case OP_SHARE:
        op->number = choose_percent(50);
        op->value = choose_below(4096);
        op->at = ORACLE_NONE;
        return free_frames(o) > (op->kind == OP_GIVE ? 0 : 3);
    case OP_UNSHARE:
    case OP_UNHOLD:
    case OP_UNREFERENCE:
        op->at = frame_to_undo(o, op);
        return op->at != ORACLE_NONE;
    case OP_UNPIN:
        op->at = choose_percent(90) ? frame_to_undo(o, op) : choose_below(o->frames + 2);
        return op->at != ORACLE_NONE;
    case OP_UPDATE:
        for_update(o, op);
        return true;
    case OP_DEVICE_RIGHT:
        op->at = choose_below(6) ? o->frames + choose_below(4) : 0;
        op->number = choose_percent(50) ? VMMU_ACCESS_READ : VMMU_ACCESS_WRITE;
        return oracle_access(o, op->domain, op->at) != VMMU_ACCESS_NONE;
    case OP_MAP_AT:
    case OP_UNMAP_AT:
        for_map_at(o, op);
        return true;
    case OP_SET_GDT:
        for_gdt(o, op);
        return true;
    case OP_SET_LDT:
        for_ldt(o, op);
        return true;
    case OP_LDT_FAULT:
        op->number = choose_percent(90) ? 0 : choose_below(18);
        return true;
    case OP_DESCRIPTOR:
        for_descriptor(o, op);
        return true;
    default:
        for_frame(o, op);
        return true;
    }
}

static enum model_op_kind choose_kind(void)
{
    static const u16 weight[OP_KINDS] = {
        [OP_GIVE] = 40,        [OP_TAKE] = 14,       [OP_SHARE] = 4,       [OP_UNSHARE] = 3,
        [OP_HOLD] = 10,        [OP_UNHOLD] = 10,     [OP_REFERENCE] = 6,   [OP_UNREFERENCE] = 8,
        [OP_SET_M2P] = 5,      [OP_UPDATE] = 380,    [OP_UPDATE_VA] = 90,  [OP_EMULATED_WRITE] = 55,
        [OP_EMULATED_AT] = 20, [OP_IS_L1_WRITE] = 8, [OP_PIN] = 80,        [OP_UNPIN] = 40,
        [OP_KERNEL_ROOT] = 40, [OP_USER_ROOT] = 20,  [OP_FINISH] = 20,     [OP_SET_GDT] = 15,
        [OP_SET_LDT] = 8,      [OP_LDT_FAULT] = 14,  [OP_LDT_DROP] = 2,    [OP_DESCRIPTOR] = 15,
        [OP_VCPU_STOP] = 2,    [OP_STORE] = 90,      [OP_MAP_AT] = 30,     [OP_UNMAP_AT] = 20,
        [OP_UNMAP_VA] = 10,    [OP_LOAD] = 15,       [OP_FLUSH] = 6,       [OP_SCHEDULE] = 15,
        [OP_HIDE_M2P] = 10,    [OP_TAKE_UNUSED] = 4, [OP_FIND_DEVICE] = 6, [OP_REPLACE_VA] = 25,
        [OP_DEVICE_RIGHT] = 2,
    };
    u32 total = 0;
    for (u32 i = 0; i < OP_KINDS; i++) {
        total += weight[i];
    }
    u32 left = choose_below(total);
    u32 kind = 0;
    while (left >= weight[kind]) {
        left -= weight[kind++];
    }
    return (enum model_op_kind)kind;
}

/* A domain, dying or dead ones among them, on which `domain` may have its hands; `domain` itself if
 * there is none. */
static u32 peer_of(const struct oracle *o, u32 domain, u32 often)
{
    const u32 any = 1 + choose_below(ORACLE_DOMAINS - 1);
    return often && often != domain && choose_percent(85) ? often
           : o->domain[any].started                       ? any
                                                          : domain;
}

/* Gives the operation a foreign owner, of the table or frame that it is about, or of what an entry
 * maps. */
static void choose_owners(struct model_op *op, u32 peer)
{
    const u32 special = choose_percent(70) ? ORACLE_DEVICES : ORACLE_HYPERVISOR;
    const u32 kind = choose_below(100);
    const bool names_table = op->kind == OP_UPDATE || op->kind == OP_PIN || op->kind == OP_UNPIN;
    if (kind < 6 || (op->kind == OP_MAP_AT && kind < 60)) {
        op->other = peer;
    } else if (kind < 9) {
        op->other = special;
    } else if (names_table && kind < 17) { /* a toolstack's foreign hands */
        op->domain = peer;
        op->other = kind < 16 ? peer : op->other;
    } else if (names_table && kind == 17) {
        op->domain = special;
    } else if (op->kind == OP_HOLD && kind < 20) {
        op->domain = peer;
    }
}

struct model_op choose_operation(const struct oracle *o, const u32 domains[2], const u32 seats[2])
{
    struct model_op op;
    do {
        const u32 seat = choose_below(2);
        const u32 domain = domains[seat] ? domains[seat] : domains[!seat];
        const u32 peer = peer_of(o, domain, seats[domains[seat] ? !seat : seat]);
        op = (struct model_op){.kind = choose_kind(),
                               .vcpu = (domain - 1) * 2 + choose_below(2),
                               .domain = domain,
                               .other = domain,
                               .cpu = choose_below(MACHINE_CPUS)};
        choose_owners(&op, peer);
    } while (!fill(o, &op));
    if (choose_percent(30)) {
        op.stop_at = choose_percent(75) ? 1 + choose_below(6) : 0;
        op.stop_each = choose_percent(25) ? 1 + choose_below(3) : 0;
    }
    return op;
}
