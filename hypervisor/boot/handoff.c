/* SPDX-License-Identifier: MIT */
/* Reading the boot hand-off: which guests the boot modules contain. */
#include "hypervisor/boot/handoff.h"
#include "hypervisor/log/log.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/map.h"
#include "lib/string.h"

#define LINE_MAX 1100u

struct line {
    char text[LINE_MAX];
    char *value; /* the text after the first word and its space */
    u32 number;
};

static _Noreturn void bad(const struct line *line, const char *expected)
{
    panic("hand-off, line %u: expected %s", line->number, expected);
}

static u64 number_of(const struct line *line, u64 most)
{
    u64 n = 0;

    for (const char *c = line->value; *c; c++) {
        if (*c < '0' || *c > '9' || n > most) {
            bad(line, "a number");
        }
        n = n * 10 + (u64)(*c - '0');
    }
    if (line->value[0] == 0 || n > most) {
        bad(line, "a number");
    }
    return n;
}

static void copy_text(const struct line *line, char *to, u64 size)
{
    u64 length = strlen(line->value);

    if (length >= size) {
        bad(line, "a shorter text");
    }
    memcpy(to, line->value, length + 1);
}

static u32 module_of(const struct line *line, struct handoff *handoff)
{
    u32 n = (u32)number_of(line, HANDOFF_MODULES_MAX);

    if (n == 0 || n >= handoff->module_count) {
        bad(line, "the number of a module");
    }
    handoff->module[n].users++;
    return n;
}

static enum domain_end end_of(const struct line *line)
{
    static const char *const name[] = {[DOMAIN_POWERED_OFF] = "poweroff",
                                       [DOMAIN_REBOOTED] = "reboot",
                                       [DOMAIN_CRASHED] = "crash"};

    for (u32 end = DOMAIN_POWERED_OFF; end < ARRAY_LENGTH(name); end++) {
        if (strcmp(line->value, name[end]) == 0) {
            return (enum domain_end)end;
        }
    }
    bad(line, "poweroff, reboot or crash");
}

/* Adds a user that never ends to the modules of guests that may be started again, so that these
 * modules are not used up. */
static void keep_modules(struct handoff *handoff)
{
    for (u32 i = 0; i < handoff->guest_count; i++) {
        const struct handoff_guest *guest = &handoff->guest[i];

        if (!guest->restart || !guest->restarts) {
            continue;
        }
        if (guest->kernel) {
            handoff->module[guest->kernel].users++;
        }
        if (guest->ramdisk) {
            handoff->module[guest->ramdisk].users++;
        }
    }
}

/* Parses "N CPU,CPU,...": the CPUs that may run vCPU N. */
static void read_affinity(struct line *line, struct handoff_guest *guest)
{
    char *at = line->value;
    u64 *cpus = NULL;

    for (bool more = true; more;) {
        u64 length = 0;

        while (at[length] && at[length] != ' ' && at[length] != ',') {
            length++;
        }
        more = at[length];
        at[length] = 0;
        line->value = at;
        at += length + 1;
        if (cpus) {
            *cpus |= 1ull << number_of(line, HANDOFF_CPUS_MAX - 1);
        } else {
            cpus = &guest->cpus[number_of(line, HANDOFF_VCPUS_MAX - 1)];
            *cpus = 0;
        }
    }
    if (!*cpus) {
        bad(line, "the numbers of CPUs");
    }
}

static void start_guest(struct handoff *handoff, const struct line *line)
{
    struct handoff_guest *guest = &handoff->guest[handoff->guest_count];

    if (handoff->guest_count == HANDOFF_GUESTS_MAX) {
        bad(line, "fewer guests");
    }
    guest->vcpus = 1;
    guest->weight = HANDOFF_WEIGHT;
    memset(guest->cpus, 0xff, sizeof guest->cpus);
    copy_text(line, guest->name, HANDOFF_NAME_MAX + 1);
    handoff->guest_count++;
}

/* True if the value is `yes`, false if it is `no`; no other word is right. */
static bool choice_of(const struct line *line, const char *yes, const char *no)
{
    if (strcmp(line->value, yes) == 0) {
        return true;
    }
    if (strcmp(line->value, no) != 0) {
        bad(line, yes);
    }
    return false;
}

/* Applies a line that is about the whole machine. False: it is none. */
static bool set_machine(struct handoff *handoff, const struct line *line)
{
    if (strcmp(line->text, "mitigations") == 0) {
        if (!speculation_read_mitigations(line->value, strlen(line->value),
                                          &handoff->mitigations)) {
            bad(line, "auto, partial or off");
        }
    } else if (strcmp(line->text, "isolation") == 0) {
        if (!speculation_read_isolation(line->value, strlen(line->value), &handoff->isolation)) {
            bad(line, "auto, always or never");
        }
    } else if (strcmp(line->text, "ram") == 0) {
        handoff->ram_zeroed = choice_of(line, "zeroed", "unknown");
    } else if (strcmp(line->text, "audit") == 0) {
        handoff->audit = choice_of(line, "on", "off");
    } else if (strcmp(line->text, "trace") == 0) {
        handoff->trace = true;
        handoff->trace_all = choice_of(line, "all", "slow");
    } else {
        return false;
    }
    return true;
}

static void set(struct handoff *handoff, struct line *line)
{
    struct handoff_guest *guest = &handoff->guest[handoff->guest_count - 1];

    if (strcmp(line->text, "guest") == 0) {
        start_guest(handoff, line);
        return;
    }
    if (set_machine(handoff, line)) {
        return;
    }
    if (handoff->guest_count == 0) {
        bad(line, "`guest NAME` first");
    }
    if (strcmp(line->text, "memory") == 0) {
        guest->memory_mib = number_of(line, 1 << 26);
    } else if (strcmp(line->text, "vcpus") == 0) {
        guest->vcpus = (u32)number_of(line, HANDOFF_VCPUS_MAX);
    } else if (strcmp(line->text, "weight") == 0) {
        guest->weight = (u32)number_of(line, HANDOFF_WEIGHT_MAX);
    } else if (strcmp(line->text, "cap") == 0) {
        guest->cap = (u32)number_of(line, HANDOFF_VCPUS_MAX * 100);
    } else if (strcmp(line->text, "affinity") == 0) {
        read_affinity(line, guest);
    } else if (strcmp(line->text, "kernel") == 0) {
        guest->kernel = module_of(line, handoff);
    } else if (strcmp(line->text, "ramdisk") == 0) {
        guest->ramdisk = module_of(line, handoff);
    } else if (strcmp(line->text, "restart") == 0) {
        guest->restart |= 1u << end_of(line);
    } else if (strcmp(line->text, "restarts") == 0) {
        guest->restarts = (u32)number_of(line, ~0u);
    } else if (strcmp(line->text, "cmdline") == 0) {
        copy_text(line, guest->command_line, sizeof guest->command_line);
    } else {
        bad(line, "a known setting");
    }
}

/* Splits the first line of the text from `text` to `end` into word and value. Returns the beginning
 * of the next line. */
static const char *next_line(const char *text, const char *end, struct line *line)
{
    u32 length = 0, word = 0;

    for (; text < end && *text != '\n' && *text; text++) {
        if (length == LINE_MAX - 1) {
            bad(line, "a shorter line");
        }
        line->text[length++] = *text;
    }
    line->text[length] = 0;
    line->number++;
    while (word < length && line->text[word] != ' ') {
        word++;
    }
    line->value = line->text + (word < length ? word + 1 : length);
    line->text[word] = 0;
    return text + 1;
}

bool handoff_is_given(const struct handoff *handoff)
{
    static const char first[] = "pinion ";

    return handoff->module_count && handoff->module[0].size >= sizeof first &&
           memcmp(direct(handoff->module[0].start), first, sizeof first - 1) == 0;
}

void handoff_read(struct handoff *handoff)
{
    const char *text = direct(handoff->module[0].start);
    const char *end = text + handoff->module[0].size;
    struct line line = {.number = 0};

    if (handoff->module_count == 0) {
        panic("no boot modules: nothing says which guests to run");
    }
    text = next_line(text, end, &line);
    if (strcmp(line.text, "pinion") != 0 || strcmp(line.value, "1") != 0) {
        bad(&line, "`pinion 1`");
    }
    while (text < end) {
        text = next_line(text, end, &line);
        if (line.text[0] && line.text[0] != '#') {
            set(handoff, &line);
        }
    }
    keep_modules(handoff);
}
