/* SPDX-License-Identifier: MIT */
/* Proves that a kernel which requires a feature that Pinion lacks is noticed, and the feature
 * named, that features which are only welcome are not asked for, and that what Linux requires is
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/pvfeatures.h"
#include "lib/pvimage.h"
#include "tests/unit/synthetic_elf.h"

/* The feature that this text requires and Pinion lacks, or "". The text has no 0 at its end. */
static const char *lacking(const char *text)
{
    static char name[PVFEATURES_NAME];
    u64 size = strlen(text);
    u8 *exact = malloc(size ? size : 1); /* so that ASan notices a read beyond it */

    memcpy(exact, text, size);
    memset(name, 'x', sizeof(name));
    if (!pvfeatures_lacking(exact, size, name)) {
        name[0] = 0;
    }
    free(exact);
    return name;
}

static void what_kernels_require(void **state)
{
    (void)state;
    assert_string_equal(lacking("!writable_page_tables|pae_pgdir_above_4gb"), ""); /* Linux */
    assert_string_equal(lacking(""), "");
    assert_string_equal(lacking("|"), "");
    assert_string_equal(lacking("!pae_pgdir_above_4gb|!gnttab_map_avail_bits|!dom0"), "");
    assert_string_equal(lacking("!supervisor_mode_kernel"), "supervisor_mode_kernel");
    assert_string_equal(lacking("writable_page_tables|!auto_translated_physmap|!other"),
                        "auto_translated_physmap");
    assert_string_equal(lacking("!writable_descriptor_tables|"), "writable_descriptor_tables");
}

static void only_required_features_count(void **state)
{
    (void)state;
    assert_string_equal(lacking("supervisor_mode_kernel|auto_translated_physmap|other"), "");
}

static void names_are_compared_whole(void **state)
{
    (void)state;
    assert_string_equal(lacking("!dom"), "dom");
    assert_string_equal(lacking("!dom00"), "dom00");
    assert_string_equal(lacking("!"), "");
    assert_string_equal(lacking("!|!dom0"), "");
}

static void a_text_ends_at_its_first_0(void **state)
{
    char name[PVFEATURES_NAME];

    (void)state;
    assert_false(pvfeatures_lacking((const u8 *)"!dom0\0!other", 12, name));
    assert_true(pvfeatures_lacking((const u8 *)"!other\0\0", 8, name));
    assert_string_equal(name, "other");
}

static void long_and_unprintable_names(void **state)
{
    (void)state;
    assert_string_equal(lacking("!0123456789012345678901234567890123456789"),
                        "0123456789012345678901234567890");
    assert_string_equal(lacking("!a\x1b[2J\xff"), "a?[2J?");
}

static void a_kernel_that_requires_more_is_refused(void **state)
{
    static const char note[] = "!writable_page_tables|!supervisor_mode_kernel";
    struct synthetic elf;
    struct pvimage image;
    size_t size;

    (void)state;
    synthetic_start(&elf, 5000);
    synthetic_note(&elf, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    synthetic_note(&elf, XEN_ELFNOTE_FEATURES, note, sizeof(note));
    synthetic_note(&elf, XEN_ELFNOTE_FEATURES, "dom0", 5); /* which takes nothing back */
    u8 *file = synthetic_file(&elf, &size);
    assert_int_equal(pvimage_read(file, size, &image), PVIMAGE_LACKING);
    assert_string_equal(image.lacking, "supervisor_mode_kernel");
    free(file);
}

/* A kernel with the old form of notes: the string `text`. */
static enum pvimage_error read_old_form(const char *text, struct pvimage *image)
{
    struct synthetic elf;
    size_t size;

    synthetic_start(&elf, 5000);
    synthetic_old_form(&elf, text);
    u8 *file = synthetic_file(&elf, &size);
    enum pvimage_error error = pvimage_read(file, size, image);
    free(file);
    return error;
}

static void the_old_form_is_read_too(void **state)
{
    struct pvimage image;

    (void)state;
    assert_int_equal(read_old_form("XEN_VER=xen-3.0,FEATURES=!dom0|!other,LOADER=generic", &image),
                     PVIMAGE_LACKING);
    assert_string_equal(image.lacking, "other");
    assert_int_equal(read_old_form("FEATURES,XEN_VER=xen-3.0", &image), PVIMAGE_OK);
    assert_int_equal(image.lacking[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_kernels_require),
        cmocka_unit_test(only_required_features_count),
        cmocka_unit_test(names_are_compared_whole),
        cmocka_unit_test(a_text_ends_at_its_first_0),
        cmocka_unit_test(long_and_unprintable_names),
        cmocka_unit_test(a_kernel_that_requires_more_is_refused),
        cmocka_unit_test(the_old_form_is_read_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
