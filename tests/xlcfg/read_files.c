/* SPDX-License-Identifier: MIT */
/* Prints how Pinion reads files in the syntax of xl.cfg: one line for each,
 *     NAME accepted name="..." kernel="..." ... vcpus=ONLINE/ALL ... cpus=VCPU0|VCPU1...
 *     NAME refused SENTENCE
 * where texts have the escapes of xl's JSON, and * is every CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cfg.h"
#include "tools/cpulist.h"

static void show_text(const char *key, const char *text)
{
    static const char letters[] = "btn?fr"; /* of the characters 8 to 13 */

    printf(" %s=\"", key);
    for (; text && *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            printf("\\%c", letters[c - 8]);
        } else if (c < ' ') {
            printf("\\u%04X", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

static void show_cpus(unsigned long long cpus)
{
    const char *comma = "";

    if (!cpus || cpus == CPULIST_ALL) {
        putchar('*');
        return;
    }
    for (unsigned i = 0; i < HANDOFF_CPUS_MAX; i++) {
        if (cpus >> i & 1) {
            printf("%s%u", comma, i);
            comma = ",";
        }
    }
}

static void show(const struct guest *guest)
{
    printf("accepted");
    show_text("name", guest->name);
    show_text("kernel", guest->kernel);
    show_text("ramdisk", guest->ramdisk);
    show_text("cmdline", guest->cmdline);
    printf(" memory=%llu vcpus=%u/%u weight=%u cap=%u cpus=", guest->memory * 1024ull,
           guest->online, guest->vcpus, guest->weight, guest->cap);
    for (unsigned i = 0; i < guest->vcpus; i++) {
        printf("%s", i ? "|" : "");
        show_cpus(guest->cpus[i]);
    }
    putchar('\n');
}

int main(int count, char **paths)
{
    for (int i = 1; i < count; i++) {
        struct buffer text = {0}, notes = {0};
        struct failure failure = {0};
        struct guest guest;
        const char *slash = strrchr(paths[i], '/'), *name = slash ? slash + 1 : paths[i];

        if (!buffer_read_file(&text, paths[i], &failure)) {
            fprintf(stderr, "%s\n", failure.sentence);
            return 2;
        }
        printf("%s ", name);
        if (cfg_read(name, (const char *)text.bytes, text.size, &guest, &notes, &failure)) {
            show(&guest);
            guest_free(&guest);
        } else {
            printf("refused %s\n", failure.sentence);
        }
        buffer_free(&text);
        buffer_free(&notes);
    }
    return 0;
}
