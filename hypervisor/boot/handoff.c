/* SPDX-License-Identifier: MIT */
/* The guests that the boot loader's modules describe. */
#include "hypervisor/boot/handoff.h"
#include "hypervisor/console/log.h"
#include "hypervisor/memory/map.h"
#include "lib/string.h"

#define LINE_MAX 1100u

struct line {
    char text[LINE_MAX];
    const char *value; /* after the word and its space */
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
        if (*c < '0' || *c > '9' || n > most)
            bad(line, "a number");
        n = n * 10 + (u64)(*c - '0');
    }
    if (line->value[0] == 0 || n > most)
        bad(line, "a number");
    return n;
}

static void copy_text(const struct line *line, char *to, u64 size)
{
    u64 length = strlen(line->value);

    if (length >= size)
        bad(line, "a shorter text");
    memcpy(to, line->value, length + 1);
}

static u32 module_of(const struct line *line, struct handoff *handoff)
{
    u32 n = (u32)number_of(line, HANDOFF_MODULES_MAX);

    if (n == 0 || n >= handoff->module_count)
        bad(line, "the number of a module");
    handoff->module[n].users++;
    return n;
}

static enum mitigations mitigations_of(const struct line *line)
{
    static const char *const words[] = {
        [MITIGATIONS_AUTO] = "auto",
        [MITIGATIONS_PARTIAL] = "partial",
        [MITIGATIONS_OFF] = "off",
    };

    for (u32 i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(line->value, words[i]) == 0)
            return (enum mitigations)i;
    bad(line, "auto, partial or off");
}

static void set(struct handoff *handoff, const struct line *line)
{
    struct handoff_guest *guest = &handoff->guest[handoff->guest_count - 1];

    if (strcmp(line->text, "guest") == 0) {
        if (handoff->guest_count == HANDOFF_GUESTS_MAX)
            bad(line, "fewer guests");
        handoff->guest[handoff->guest_count].vcpus = 1;
        copy_text(line, handoff->guest[handoff->guest_count++].name, HANDOFF_NAME_MAX + 1);
        return;
    }
    if (strcmp(line->text, "mitigations") == 0) {
        handoff->mitigations = mitigations_of(line);
        return;
    }
    if (handoff->guest_count == 0)
        bad(line, "`guest NAME` first");
    if (strcmp(line->text, "memory") == 0)
        guest->memory_mib = number_of(line, 1 << 26);
    else if (strcmp(line->text, "vcpus") == 0)
        guest->vcpus = (u32)number_of(line, 32);
    else if (strcmp(line->text, "kernel") == 0)
        guest->kernel = module_of(line, handoff);
    else if (strcmp(line->text, "ramdisk") == 0)
        guest->ramdisk = module_of(line, handoff);
    else if (strcmp(line->text, "cmdline") == 0)
        copy_text(line, guest->command_line, sizeof guest->command_line);
    else
        bad(line, "a known setting");
}

/* Takes the next line of [text, end) apart; returns where the one after it begins. */
static const char *next_line(const char *text, const char *end, struct line *line)
{
    u32 length = 0, word = 0;

    for (; text < end && *text != '\n' && *text; text++) {
        if (length == LINE_MAX - 1)
            bad(line, "a shorter line");
        line->text[length++] = *text;
    }
    line->text[length] = 0;
    line->number++;
    while (word < length && line->text[word] != ' ')
        word++;
    line->value = line->text + (word < length ? word + 1 : length);
    line->text[word] = 0;
    return text + 1;
}

void handoff_read(struct handoff *handoff)
{
    const char *text = direct(handoff->module[0].start);
    const char *end = text + handoff->module[0].size;
    struct line line = {.number = 0};

    if (handoff->module_count == 0)
        panic("no boot modules: nothing says which guests to run");
    text = next_line(text, end, &line);
    if (strcmp(line.text, "pinion") != 0 || strcmp(line.value, "1") != 0)
        bad(&line, "`pinion 1`");
    while (text < end) {
        text = next_line(text, end, &line);
        if (line.text[0] && line.text[0] != '#')
            set(handoff, &line);
    }
}
