/* SPDX-License-Identifier: MIT */
/* The numbers of the two Multiboot protocols that both the entry code and the readers of the
 * loader's information need (specifications 0.6.96, 3.2, and 2.0, 3.3 and 3.6). */
#ifndef BOOT_MULTIBOOT_MAGIC_H
#define BOOT_MULTIBOOT_MAGIC_H

/* What the loader leaves in EAX. */
#define MULTIBOOT_LOADED  0x2badb002
#define MULTIBOOT2_LOADED 0x36d76289

/* Tags of Multiboot 2's information that the image's header asks for. */
#define MULTIBOOT2_MAP         6
#define MULTIBOOT2_POINTER_OLD 14 /* a copy of ACPI's root pointer, revision 0 */
#define MULTIBOOT2_POINTER_NEW 15 /* one of revision 2 */

#endif
