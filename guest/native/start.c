/* SPDX-License-Identifier: MIT */
/* The start-up of the bare machine in C, up to kernel_main, and its end. */
#include "guest/console.h"
#include "guest/error.h"
#include "guest/kernel.h"
#include "guest/native/native.h"
#include "guest/space.h"

#define MAPPED_PAGES (4ull << 30 >> PAGE_SHIFT) /* the first 4 GiB, which boot.S maps */

const char backend_name[] = "native";

extern char guest_virt_base[], guest_end[];

unsigned cpu_number(void)
{
    return 0;
}

void cpu_relax(void)
{
    __builtin_ia32_pause();
}

int cpu_run(unsigned number, void (*function)(void))
{
    (void)number;
    (void)function;
    return -XEN_ENOSYS;
}

void kernel_stop(void)
{
    console_flush();
    __asm__ volatile("outw %0, %1"
                     :
                     : "a"((u16)0x2000), "Nd"((u16)0x604)); /* QEMU's ACPI port: power off */
    port_write(0x64, 0xfe); /* the keyboard controller: reset, if that did not work */
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* Masks all interrupts at the two 8259 controllers: this backend has no handlers for them. */
static void mask_interrupts(void)
{
    port_write(0x21, 0xff);
    port_write(0xa1, 0xff);
}

void native_start(u32 upper_kib)
{
    u64 pages = ((u64)upper_kib * 1024 >> PAGE_SHIFT) + (0x100000 >> PAGE_SHIFT);
    struct page *list;

    page_direct_base = (u64)(uintptr_t)guest_virt_base;
    pages = pages < MAPPED_PAGES ? pages : MAPPED_PAGES;
    kernel_space.root = boot_root;
    boot_root[0] = ENTRY_NONE;
    mask_interrupts();
    console_start();
    trap_start();
    page_early(address_pfn(guest_end), pfn(pages));
    u64 size = pages * sizeof *list;
    list = page_early_take();
    for (u64 more = PAGE_SIZE; more < size; more += PAGE_SIZE) {
        page_early_take();
    }
    page_start(list, pages, page_early_next(), pfn(pages));
    write_cr3(address_pfn(boot_root).n << PAGE_SHIFT);
    print("Test result: %s\n", kernel_main() ? "SUCCESS" : "FAILURE");
    kernel_stop();
}
