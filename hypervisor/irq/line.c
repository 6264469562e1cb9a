/* SPDX-License-Identifier: MIT */
/* Interrupt lines of devices, by vector. */
#include <stdatomic.h>

#include "hypervisor/irq/line.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/irq/message.h"
#include "hypervisor/irq/pic.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/ranks.h"
#include "hypervisor/xen.h"
#include "lib/lock.h"
#include "lib/x86/vector.h"

#define VECTORS       256u
#define APIC_ID_MOST  0xfeu /* that an IO-APIC or a message can name */
#define ISA_IRQ_TIMER 0u    /* the interval timer */
#define TABLE_CONTROL 3u    /* the word of an MSI-X entry that has its mask bit */
#define TABLE_MASKED  1u

enum kind { KIND_FREE, KIND_PIN, KIND_MESSAGE };

struct line {
    _Atomic u32 user; /* the user + 1; 0: the line is not open */
    u8 kind;          /* enum kind */
    bool masked;
    struct pin_form form; /* of a pin, as it was routed */
    u8 count;             /* of the first line of an MSI: how many it has; of its other lines: 0 */
    u32 gsi;              /* of a pin */
    u32 cpu;
    struct message message;

    /* Of the first line of an MSI. */
    bool wanted;  /* the privileged domain has switched it on */
    bool on;      /* it is on */
    bool held;    /* it is off although it is wanted, because it cannot be masked otherwise */
    bool pin_off; /* while it is held: the pin was off before */
};

static struct {
    struct lock lock;
    struct line line[VECTORS];
} lines = {.lock = {.rank = RANK_LINES}};

static struct line *line_at(u32 vector)
{
    return &lines.line[vector];
}

static bool is_open(const struct line *line)
{
    return line->kind != KIND_FREE;
}

static bool is_msi(const struct line *line)
{
    return line->kind == KIND_MESSAGE && !line->message.extended;
}

static u32 apic_id_of(u32 cpu)
{
    u32 id = cpu_at(cpu)->apic_id;

    return id <= APIC_ID_MOST ? id : cpu_at(0)->apic_id;
}

/* ---- vectors ---- */

static bool are_free(u32 first, u32 count)
{
    for (u32 vector = first; vector < first + count; vector++) {
        if (vector > VECTOR_DEVICE_LAST || vector == VECTOR_INT80 || is_open(line_at(vector))) {
            return false;
        }
    }
    return true;
}

/* Finds `count` free vectors, a power of two, that begin at a multiple of it. 0: there are none.
 * The lock is held. */
static u32 find_free(u32 count)
{
    u32 first = (VECTOR_DEVICE_FIRST + count - 1) & ~(count - 1);

    while (first <= VECTOR_DEVICE_LAST && !are_free(first, count)) {
        first += count;
    }
    return first <= VECTOR_DEVICE_LAST ? first : 0;
}

static void publish(u32 vector, u32 user)
{
    atomic_store_explicit(&line_at(vector)->user, user + 1, memory_order_release);
}

bool line_user(u32 vector, u32 *user)
{
    u32 value = atomic_load_explicit(&line_at(vector)->user, memory_order_acquire);

    *user = value - 1;
    return value != 0;
}

/* ---- pins ---- */

u32 line_of_pin(u32 gsi)
{
    for (u32 vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++) {
        if (line_at(vector)->kind == KIND_PIN && line_at(vector)->gsi == gsi) {
            return vector;
        }
    }
    return 0;
}

static s64 open_pin(u32 gsi, u32 user, u32 cpu, u32 *vector)
{
    if (!ioapic_has_pin(gsi)) {
        return -XEN_EINVAL;
    }
    if (line_of_pin(gsi)) {
        return -XEN_EBUSY;
    }
    *vector = find_free(1);
    if (!*vector) {
        return -XEN_ENOSPC;
    }
    struct line *line = line_at(*vector);
    line->kind = KIND_PIN;
    line->masked = true;
    line->gsi = gsi;
    line->cpu = cpu;
    line->form = ioapic_form(gsi);
    ioapic_route(gsi, *vector, apic_id_of(cpu));
    publish(*vector, user);
    return 0;
}

u32 line_open_pin(u32 gsi, u32 user, u32 cpu, s64 *error)
{
    u32 vector = 0;

    lock_take(&lines.lock);
    s64 result = open_pin(gsi, user, cpu, &vector);
    lock_release(&lines.lock);
    if (result) {
        *error = result;
        return 0;
    }
    return vector;
}

bool line_is_own(u32 vector)
{
    const struct line *line = line_at(vector);

    if (line->kind != KIND_PIN) {
        return false;
    }
    for (u32 irq = 0; irq < ISA_IRQS; irq++) {
        if (ioapic_gsi_of_isa(irq) == line->gsi && (irq == ISA_IRQ_TIMER || pic_is_enabled(irq))) {
            return true;
        }
    }
    return false;
}

/* ---- messages ---- */

/* Finds the first line of the function's MSI, or with `extended` any line of its MSI-X. NULL: none
 * is open. The lock is held. */
static struct line *find_message(u16 function, bool extended)
{
    for (u32 vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++) {
        struct line *line = line_at(vector);

        if (line->kind == KIND_MESSAGE && line->message.function == function &&
            line->message.extended == extended && (extended || !line->message.number)) {
            return line;
        }
    }
    return NULL;
}

static bool entry_is_open(u16 function, u32 number)
{
    for (u32 vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++) {
        const struct line *line = line_at(vector);

        if (line->kind == KIND_MESSAGE && line->message.extended &&
            line->message.function == function && line->message.number == number) {
            return true;
        }
    }
    return false;
}

/* Makes the function's MSI as the members of its first line want it. */
static void apply_msi(struct line *first)
{
    const struct message *message = &first->message;
    bool held = first->wanted && first->masked && !message->maskable;
    bool on = first->wanted && !held;

    if (held && !first->held) { /* off, it would interrupt by its pin */
        first->pin_off = message_set_pin_off(message, true);
    }
    if (on != first->on) {
        message_switch(message, on);
    }
    if (!held && first->held) {
        message_set_pin_off(message, first->pin_off);
    }
    first->on = on;
    first->held = held;
}

static void set_masked(struct line *line, bool masked)
{
    line->masked = masked;
    if (is_msi(line) && !line->message.maskable) {
        apply_msi(line);
    } else if (masked) {
        message_mask(&line->message);
    } else {
        message_unmask(&line->message);
    }
}

static void start_message(u32 vector, const struct message *message, u32 number, u32 count, u32 cpu)
{
    struct line *line = line_at(vector);

    *line = (struct line){
        .kind = KIND_MESSAGE, .message = *message, .count = number ? 0 : (u8)count, .cpu = cpu};
    line->message.number = (u16)(message->number + number);
    set_masked(line, true);
}

static s64 check_messages(const struct message *message, u32 count)
{
    bool one_kind = !find_message(message->function, !message->extended);

    if (!one_kind || (message->extended ? entry_is_open(message->function, message->number)
                                        : find_message(message->function, false) != NULL)) {
        return -XEN_EBUSY;
    }
    return count > 1 && !message->maskable ? -XEN_EOPNOTSUPP : 0;
}

static s64 open_messages(const struct message *message, u32 count, u32 user, u32 cpu, u32 *first)
{
    u32 block = 1;

    while (block < count) {
        block *= 2;
    }
    s64 error = check_messages(message, count);
    if (error) {
        return error;
    }
    *first = find_free(block);
    if (!*first) {
        return -XEN_ENOSPC;
    }
    if (!message->extended) {
        message_switch(message, false);
    }
    for (u32 i = 0; i < count; i++) {
        start_message(*first + i, message, i, count, cpu);
    }
    message_program(message, *first, apic_id_of(cpu), block);
    for (u32 i = 0; i < count; i++) {
        publish(*first + i, user + i);
    }
    return 0;
}

u32 line_open_messages(u16 function, bool extended, u32 number, u32 count, u32 user, u32 cpu,
                       s64 *error)
{
    struct message message;
    u32 first = 0;
    s64 result = message_find(function, extended, extended ? number : count - 1, &message);

    if (!result) {
        message.number = extended ? (u16)number : 0;
        lock_take(&lines.lock);
        result = open_messages(&message, count, user, cpu, &first);
        lock_release(&lines.lock);
    }
    if (result) {
        *error = result;
        return 0;
    }
    return first;
}

/* ---- both ---- */

static void close_message(struct line *line)
{
    if (is_msi(line) && !line->message.number) {
        line->wanted = false;
        apply_msi(line);
    }
    if (line->message.maskable) {
        message_mask(&line->message);
    }
}

void line_close(u32 vector)
{
    struct line *line = line_at(vector);

    lock_take(&lines.lock);
    if (line->kind == KIND_PIN) {
        ioapic_mask(line->gsi);
    } else {
        close_message(line);
    }
    atomic_store_explicit(&line->user, 0, memory_order_release);
    line->kind = KIND_FREE;
    lock_release(&lines.lock);
}

static void mask(u32 vector, bool masked)
{
    struct line *line = line_at(vector);

    if (line->kind == KIND_PIN) {
        line->masked = masked;
        if (masked) {
            ioapic_mask(line->gsi);
        } else {
            ioapic_unmask(line->gsi);
        }
    } else if (line->message.extended) {
        set_masked(line, masked);
    } else { /* the words of an MSI are common to its lines */
        lock_take(&lines.lock);
        set_masked(line, masked);
        lock_release(&lines.lock);
    }
}

void line_mask(u32 vector)
{
    mask(vector, true);
}

void line_unmask(u32 vector)
{
    struct line *line = line_at(vector);

    if (line->kind == KIND_PIN && line->masked) {
        const struct pin_form form = ioapic_form(line->gsi);

        if (form.level != line->form.level || form.low != line->form.low) {
            line->form = form; /* it was set after the pin was opened */
            ioapic_route(line->gsi, vector, apic_id_of(line->cpu));
        }
    }
    mask(vector, false);
}

void line_aim(u32 vector, u32 cpu)
{
    struct line *line = line_at(vector);

    if (line->cpu == cpu) {
        return;
    }
    line->cpu = cpu;
    if (line->kind == KIND_PIN) {
        ioapic_aim(line->gsi, apic_id_of(cpu));
    } else if (line->message.extended || line->count) { /* an MSI has one address */
        message_aim(&line->message, apic_id_of(cpu));
    }
}

bool line_is_level(u32 vector)
{
    return line_at(vector)->kind == KIND_PIN && line_at(vector)->form.level;
}

/* ---- the privileged domain's part ---- */

enum line_messages line_messages_of(u16 function)
{
    lock_take(&lines.lock);
    enum line_messages kind = find_message(function, false)  ? LINE_MESSAGES_MSI
                              : find_message(function, true) ? LINE_MESSAGES_MSIX
                                                             : LINE_MESSAGES_NONE;
    lock_release(&lines.lock);
    return kind;
}

void line_want_msi(u16 function, bool on)
{
    lock_take(&lines.lock);
    struct line *first = find_message(function, false);
    if (first) {
        first->wanted = on;
        apply_msi(first);
    }
    lock_release(&lines.lock);
}

bool line_msi_is_wanted(u16 function)
{
    lock_take(&lines.lock);
    const struct line *first = find_message(function, false);
    bool wanted = first && first->wanted;
    lock_release(&lines.lock);
    return wanted;
}

bool line_mask_unused(u16 function)
{
    u32 entries;
    u64 table = message_table(function, &entries);
    bool reached = table != 0;

    lock_take(&lines.lock);
    for (u32 i = 0; i < entries && reached; i++) {
        volatile u32 *entry = message_map(table + (u64)i * MSIX_ENTRY_SIZE);

        reached = entry != NULL;
        if (entry && !entry_is_open(function, i)) {
            entry[TABLE_CONTROL] |= TABLE_MASKED;
        }
    }
    lock_release(&lines.lock);
    return reached;
}

/* Writes again what the function's line with this vector has in the device. */
static void restore(u32 vector)
{
    struct line *line = line_at(vector);
    u32 block = 1;

    while (block < line->count) {
        block *= 2;
    }
    if (is_msi(line) && line->count) {
        line->on = line->held = false;
        message_program(&line->message, vector, apic_id_of(line->cpu), block);
    } else if (line->message.extended) {
        message_mask(&line->message);
        message_program(&line->message, vector, apic_id_of(line->cpu), 1);
    }
    set_masked(line, line->masked);
    if (is_msi(line) && line->count) {
        apply_msi(line);
    }
}

bool line_restore(u16 function)
{
    bool found = false;

    lock_take(&lines.lock);
    for (u32 vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++) {
        const struct line *line = line_at(vector);

        if (line->kind == KIND_MESSAGE && line->message.function == function) {
            restore(vector);
            found = true;
        }
    }
    lock_release(&lines.lock);
    return found;
}
