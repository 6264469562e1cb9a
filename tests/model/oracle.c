/* SPDX-License-Identifier: MIT */
/* The oracle's rules of one frame and one table, and the recount. */
#include "tests/model/oracle_parts.h"

#include <string.h>

const u16 oracle_slot[ORACLE_SLOTS] = {0,   1,   255, 256, 257, 258, 259, 260, 261, 262, 263,
                                       264, 265, 266, 267, 268, 269, 270, 271, 272, 300, 511};

u32 oracle_slot_position(u32 index)
{
    if (index < 2) {
        return index;
    }
    if (index >= 255 && index <= 272) {
        return index - 253;
    }
    return index == 300 ? 20 : index == 511 ? 21 : ORACLE_NONE;
}

u64 oracle_word(const struct oracle *o, u32 m, u32 index)
{
    const u32 i = oracle_slot_position(index);
    return i == ORACLE_NONE ? 0 : o->frame[m].word[i];
}

void oracle_start(struct oracle *o, u32 frames, bool l1tf)
{
    memset(o, 0, sizeof(*o));
    o->frames = frames;
    o->l1tf = l1tf;
    o->frame[1] = (struct oracle_frame){.owner = ORACLE_HYPERVISOR,
                                        .allocated = true,
                                        .open = true,
                                        .type = VMMU_TYPE_SHARED,
                                        .types = 1,
                                        .references = 1,
                                        .m2p = ~0ull};
}

bool oracle_is_table(enum vmmu_type type)
{
    return type == VMMU_TYPE_L1 || type == VMMU_TYPE_L2 || type == VMMU_TYPE_L3 ||
           type == VMMU_TYPE_L4;
}

u32 oracle_target(u64 entry)
{
    const u64 n = entry >> 12 & 0xffffffffffull;
    return n > ORACLE_NONE - 1 ? ORACLE_NONE - 1 : (u32)n;
}

u64 oracle_installed(u32 level, u64 entry)
{
    if (!(entry & PTE_PRESENT)) {
        return entry;
    }
    return level == 1 ? (entry | PTE_USER) & ~PTE_GLOBAL : entry | PTE_USER;
}

bool oracle_slot_is_guests(u32 level, u32 index)
{
    return !(level == 4 && index >= 256 && index < 272);
}

static bool interrupted(struct oracle *o)
{
    o->asks++;
    return o->asks == o->stop_at || (o->stop_each && o->asks % o->stop_each == 0);
}

/* ---- references ----------------------------------------------------------------------------- */

enum vmmu_result oracle_get(struct oracle *o, u32 m, u32 domain)
{
    if (o->frame[m].owner != domain) {
        return VMMU_REFUSED_NOT_OWNER;
    }
    o->frame[m].references++;
    return VMMU_DONE;
}

void oracle_put(struct oracle *o, u32 m)
{
    struct oracle_frame *f = &o->frame[m];
    if (--f->references > 0) {
        return;
    }
    if (f->type != VMMU_TYPE_SHARED) {
        o->domain[f->owner].frames--;
    }
    memset(f, 0, sizeof(*f));
    f->m2p = ~0ull;
}

/* ---- entries -------------------------------------------------------------------------------- */

enum vmmu_result oracle_check_entry(const struct oracle *o, u32 level, u64 entry)
{
    if (!(entry & PTE_PRESENT)) {
        const bool names = oracle_target(entry) != 0 && oracle_target(entry) < o->frames;
        const bool large = level > 1 && (entry & PTE_LARGE);
        return o->l1tf && (names || large) ? VMMU_REFUSED_UNSAFE_NOT_PRESENT : VMMU_DONE;
    }
    if (level > 1 && (entry & PTE_LARGE)) {
        return VMMU_REFUSED_SUPERPAGE;
    }
    if (entry & (PTE_PWT | PTE_PCD | PTE_LARGE)) {
        return VMMU_REFUSED_CACHE_BITS;
    }
    if (level > 1 && (entry & PTE_GLOBAL)) {
        return VMMU_REFUSED_GLOBAL_TABLE;
    }
    return oracle_target(entry) < o->frames ? VMMU_DONE : VMMU_REFUSED_BAD_FRAME;
}

bool oracle_is_device(const struct oracle *o, u64 frame)
{
    return frame == 0 || frame >= o->frames;
}

u32 oracle_device_kind(const struct oracle *o, u64 frame)
{
    const u64 kind = frame ? frame - o->frames + 1 : 0;
    return kind < ORACLE_DEVICE_KINDS ? (u32)kind : ORACLE_DEVICE_KINDS - 1;
}

enum vmmu_access oracle_access(const struct oracle *o, u32 domain, u64 frame)
{
    return (enum vmmu_access)o->access[domain][oracle_device_kind(o, frame)];
}

u64 oracle_device_form(u64 entry)
{
    const u64 type = PTE_PWT | PTE_PCD | PTE_LARGE; /* bit 7 is the PAT's at level 1 */
    const bool for_devices = (entry & PTE_PCD) || (entry & type) == PTE_LARGE;
    return for_devices ? entry : (entry & ~type) | PTE_PCD | PTE_PWT;
}

bool oracle_names_device(const struct oracle *o, u32 level, u64 entry)
{
    return level == 1 && (entry & PTE_PRESENT) && oracle_is_device(o, oracle_target(entry));
}

enum vmmu_result oracle_accept_device(const struct oracle *o, u32 table_owner, u32 frame_owner,
                                      u64 *entry)
{
    const u64 type = PTE_PWT | PTE_PCD | PTE_LARGE;
    const u64 frame = *entry >> 12 & 0xffffffffffull;
    const bool named = table_owner == frame_owner || frame_owner == ORACLE_DEVICES;
    const enum vmmu_access access = named ? oracle_access(o, table_owner, frame) : VMMU_ACCESS_NONE;
    if (access == VMMU_ACCESS_NONE && (*entry & type)) {
        return VMMU_REFUSED_CACHE_BITS;
    }
    if (frame == 0xffffffffffull) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    if (access == VMMU_ACCESS_NONE) {
        return VMMU_REFUSED_NO_MEMORY;
    }
    *entry &= access == VMMU_ACCESS_READ ? ~PTE_WRITABLE : ~0ull;
    *entry = oracle_device_form(*entry);
    return VMMU_DONE;
}

/* Takes the type reference that an entry needs on its target. */
static enum vmmu_result get_target(struct oracle *o, u32 level, u64 entry)
{
    const struct oracle_frame *f = &o->frame[oracle_target(entry)];
    if (level > 1) {
        return oracle_get_type(o, oracle_target(entry), (enum vmmu_type)(level - 1));
    }
    if (!(entry & PTE_WRITABLE)) {
        return VMMU_DONE;
    }
    if (f->type != VMMU_TYPE_SHARED) {
        return oracle_get_type(o, oracle_target(entry), VMMU_TYPE_WRITABLE);
    }
    return f->share_writable ? oracle_get_type(o, oracle_target(entry), VMMU_TYPE_SHARED)
                             : VMMU_REFUSED_READ_ONLY_PAGE;
}

/* Says whether other users alone keep `m` from changing to `type`, regardless of its contents. */
static bool is_taken(const struct oracle_frame *f, enum vmmu_type type)
{
    return f->types ? f->type != type && !f->partial : f->type == VMMU_TYPE_SHARED;
}

enum vmmu_result oracle_get_entry(struct oracle *o, u32 level, u64 entry, u32 table_owner,
                                  u32 frame_owner, bool *held)
{
    const u32 m = oracle_target(entry);
    const struct oracle_frame *f = &o->frame[m];
    if (!*held) {
        if (level > 1 && table_owner != frame_owner) {
            return VMMU_REFUSED_FOREIGN_TABLE;
        }
        const enum vmmu_result result = oracle_get(o, m, frame_owner);
        if (result != VMMU_DONE) {
            return level == 1 ? VMMU_REFUSED_FOREIGN_MAPPING : result;
        }
        *held = true;
    }
    if (level == 1 && (entry & PTE_WRITABLE) && f->type != VMMU_TYPE_SHARED &&
        is_taken(f, VMMU_TYPE_WRITABLE)) {
        return VMMU_REFUSED_WRITABLE_TABLE;
    }
    if (level > 1 && is_taken(f, (enum vmmu_type)(level - 1))) {
        return f->type == (enum vmmu_type)level && f->types ? VMMU_REFUSED_LINEAR_ENTRY
                                                            : VMMU_REFUSED_WRONG_TYPE;
    }
    const enum vmmu_result result = get_target(o, level, entry);
    return level == 1 && result == VMMU_REFUSED_WRONG_TYPE ? VMMU_REFUSED_WRITABLE_TABLE : result;
}

enum vmmu_result oracle_put_entry(struct oracle *o, u32 level, u64 entry)
{
    const u32 m = oracle_target(entry);
    if (oracle_names_device(o, level, entry)) {
        return VMMU_DONE;
    }
    if (level > 1 || (entry & PTE_WRITABLE)) {
        if (oracle_put_type(o, m) != VMMU_DONE) {
            return VMMU_AGAIN;
        }
    }
    oracle_put(o, m);
    return VMMU_DONE;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* The table becomes partial: no CPU is working on it. */
static enum vmmu_result leave_partial(struct oracle *o, u32 m, u32 place, bool child)
{
    struct oracle_frame *f = &o->frame[m];
    f->partial = true;
    f->place = (u16)place;
    f->child = child;
    f->references++;
    return VMMU_AGAIN;
}

/* Drops the references of the table's entries below `place`, last first. */
static enum vmmu_result demote(struct oracle *o, u32 m, u32 place, bool child)
{
    struct oracle_frame *f = &o->frame[m];
    const u32 level = (u32)f->type;
    f->open = false;
    if (child) {
        const u32 target = oracle_target(oracle_word(o, m, place));
        if ((u32)o->frame[target].type == level - 1 &&
            oracle_finish_partial(o, target) != VMMU_DONE) {
            return leave_partial(o, m, place, true);
        }
        oracle_put(o, target);
        if (place > 0 && interrupted(o)) {
            return leave_partial(o, m, place, false);
        }
    }
    for (u32 i = ORACLE_SLOTS; i-- > 0;) {
        const u32 index = oracle_slot[i];
        const u64 entry = f->word[i];
        if (index >= place || !(entry & PTE_PRESENT) || !oracle_slot_is_guests(level, index)) {
            continue;
        }
        const bool quick = level > 1 && o->frame[oracle_target(entry)].types > 1;
        if (oracle_put_entry(o, level, entry) != VMMU_DONE) {
            return leave_partial(o, m, index, true);
        }
        if (level > 1 && index > 0 && (!quick || index % 8 == 0) && interrupted(o)) {
            return leave_partial(o, m, index, false);
        }
    }
    f->types = 0;
    o->domain[f->owner].demotions++;
    return VMMU_DONE;
}

static void open_table(struct oracle *o, u32 m)
{
    struct oracle_frame *f = &o->frame[m];
    for (u32 i = 0; i < ORACLE_SLOTS; i++) {
        f->word[i] = oracle_slot_is_guests((u32)f->type, oracle_slot[i])
                         ? oracle_installed((u32)f->type, f->word[i])
                         : o->hypervisor_slot[f->owner][0][oracle_slot[i] - 256];
    }
    if (f->type == VMMU_TYPE_L4 && !o->domain[f->owner].hides_m2p) {
        f->word[oracle_slot_position(256)] = 0;
    }
    f->open = true;
    o->domain[f->owner].promotions++;
}

/* Promotes entry `i` of a table. */
static enum vmmu_result promote_entry(struct oracle *o, u32 m, u32 i, bool *child)
{
    struct oracle_frame *f = &o->frame[m];
    u64 entry = f->word[i];
    o->domain[f->owner].entries_checked++;
    if (oracle_names_device(o, (u32)f->type, entry)) {
        entry = oracle_installed(1, entry);
        const enum vmmu_result accepted = oracle_accept_device(o, f->owner, f->owner, &entry);
        f->word[i] = accepted == VMMU_DONE ? entry : f->word[i];
        return accepted;
    }
    const enum vmmu_result result = oracle_check_entry(o, (u32)f->type, entry);
    if (result != VMMU_DONE || !(entry & PTE_PRESENT)) {
        return result;
    }
    return oracle_get_entry(o, (u32)f->type, entry, f->owner, f->owner, child);
}

/* Says whether the target of a present entry is a live table of the level below already. */
static bool is_live(const struct oracle *o, u32 level, u64 entry)
{
    const u32 m = oracle_target(entry);
    if (level == 1 || m >= o->frames) {
        return false;
    }
    const struct oracle_frame *f = &o->frame[m];
    return f->types && f->open && f->type == (enum vmmu_type)(level - 1);
}

/* Promotes an exclusive table from entry `place` on. */
static enum vmmu_result promote(struct oracle *o, u32 m, u32 place, bool child)
{
    struct oracle_frame *f = &o->frame[m];
    const u32 level = (u32)f->type;
    for (u32 i = 0; i < ORACLE_SLOTS; i++) {
        const u32 index = oracle_slot[i];
        if (index < place || f->word[i] == 0 || !oracle_slot_is_guests(level, index)) {
            continue;
        }
        const bool quick = is_live(o, level, f->word[i]);
        const enum vmmu_result result = promote_entry(o, m, i, &child);
        if (result == VMMU_AGAIN && level > 1) {
            return leave_partial(o, m, index, child);
        }
        if (result != VMMU_DONE) {
            if (level == 1 && child) {
                oracle_put(o, oracle_target(f->word[i]));
                child = false;
            }
            if (level > 1 && (index > 0 || child) && interrupted(o)) {
                leave_partial(o, m, index, child);
                return result;
            }
            demote(o, m, index, child);
            return result;
        }
        child = false;
        if (level > 1 && index < 511 && (f->word[i] & PTE_PRESENT) && (!quick || index % 8 == 7) &&
            interrupted(o)) {
            return leave_partial(o, m, index + 1, false);
        }
    }
    open_table(o, m);
    return VMMU_DONE;
}

/* ---- types ---------------------------------------------------------------------------------- */

u64 oracle_descriptor_installed(u64 d)
{
    const bool segment = d >> 47 & 1 && d >> 44 & 1;
    return segment ? d | 3ull << 45 : d;
}

bool oracle_descriptor_allowed(u64 d)
{
    return !(d >> 47 & 1) || (d >> 44 & 1) || (d >> 40 & 15) == 0;
}

static enum vmmu_result adopt_descriptors(struct oracle_frame *f)
{
    for (u32 i = 0; i < ORACLE_SLOTS; i++) {
        if (!oracle_descriptor_allowed(f->word[i])) {
            f->types = 0;
            return VMMU_REFUSED_BAD_DESCRIPTOR;
        }
    }
    for (u32 i = 0; i < ORACLE_SLOTS; i++) {
        f->word[i] = oracle_descriptor_installed(f->word[i]);
    }
    f->open = true;
    return VMMU_DONE;
}

enum vmmu_result oracle_get_type(struct oracle *o, u32 m, enum vmmu_type type)
{
    struct oracle_frame *f = &o->frame[m];
    if (is_taken(f, type)) {
        return VMMU_REFUSED_WRONG_TYPE;
    }
    if (f->partial && f->type != type) {
        if (oracle_finish_partial(o, m) != VMMU_DONE) {
            return VMMU_AGAIN;
        }
    }
    if (f->partial) {
        const bool child = f->child;
        f->partial = f->child = false;
        const enum vmmu_result result = promote(o, m, f->place, child);
        oracle_put(o, m);
        return result;
    }
    if (f->types) {
        f->types++;
        return VMMU_DONE;
    }
    f->type = type;
    f->types = 1;
    if (oracle_is_table(type)) {
        return promote(o, m, 0, false);
    }
    if (type == VMMU_TYPE_DESCRIPTOR) {
        return adopt_descriptors(f);
    }
    f->open = true;
    return VMMU_DONE;
}

enum vmmu_result oracle_put_type(struct oracle *o, u32 m)
{
    struct oracle_frame *f = &o->frame[m];
    if (f->types > 1) {
        f->types--;
        return VMMU_DONE;
    }
    if (oracle_is_table(f->type)) {
        return demote(o, m, 512, false);
    }
    f->types = 0;
    f->open = false;
    f->share_writable = false; /* no longer shared, and the last writable reference is gone */
    return VMMU_DONE;
}

enum vmmu_result oracle_finish_partial(struct oracle *o, u32 m)
{
    struct oracle_frame *f = &o->frame[m];
    if (!f->partial) {
        return VMMU_DONE;
    }
    const bool child = f->child;
    f->partial = f->child = false;
    const enum vmmu_result result = demote(o, m, f->place, child);
    oracle_put(o, m);
    return result;
}
