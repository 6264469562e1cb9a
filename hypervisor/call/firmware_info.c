/* SPDX-License-Identifier: MIT */
/* What the firmware left: the keyboard's flags of a BIOS, and EFI's tables. */
#include "hypervisor/call/firmware_info.h"
#include "hypervisor/boot/efi.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/guest_copy.h"

#define BIOS_KEYBOARD_FLAGS 0x417u /* in the BIOS data area */

/* Copies the name with its 0, as far as the guest has room for it. */
static s64 efi_vendor(const struct efi *efi, union xenpf_efi_info *info)
{
    u64 size = 0;

    if (!efi->vendor[0]) {
        return -XEN_EOPNOTSUPP;
    }
    while (efi->vendor[size++]) {
    }
    size *= sizeof *efi->vendor;
    if (size > info->vendor.bufsz) {
        size = info->vendor.bufsz & ~(u64)(sizeof *efi->vendor - 1);
    }
    info->vendor.revision = efi->vendor_revision;
    return copy_to_guest((u64)info->vendor.name.p, efi->vendor, size) ? 0 : -XEN_EFAULT;
}

/* What EFI says of the memory from info->mem.addr on. The size is cut where its range ends. */
static s64 efi_memory(union xenpf_efi_info *info)
{
    const struct efi_range *range = efi_range_at(info->mem.addr);
    u64 left;

    if (!range) {
        return -XEN_ESRCH;
    }
    left = range->start + range->size - info->mem.addr;
    info->mem.size = info->mem.size < left ? info->mem.size : left;
    info->mem.attr = range->attributes;
    info->mem.type = range->type;
    return 0;
}

static s64 efi_question(u32 index, union xenpf_efi_info *info)
{
    const struct efi *efi = efi_info();

    if (!efi->found) {
        return -XEN_ENOSYS;
    }
    switch (index) {
    case XEN_FW_EFI_VERSION:
        info->version = efi->version;
        return 0;
    case XEN_FW_EFI_CONFIG_TABLE:
        info->cfg.addr = efi->tables;
        info->cfg.nent = efi->table_count;
        return 0;
    case XEN_FW_EFI_VENDOR:
        return efi_vendor(efi, info);
    case XEN_FW_EFI_MEM_INFO:
        return efi_memory(info);
    case XEN_FW_EFI_RT_VERSION:
        info->version = efi->runtime_version;
        return efi->runtime_version ? 0 : -XEN_EOPNOTSUPP;
    case XEN_FW_EFI_PCI_ROM: /* these two only boot services know */
        return -XEN_ENOENT;
    case XEN_FW_EFI_APPLE_PROPERTIES:
        return -XEN_ENODATA;
    }
    return -XEN_EINVAL;
}

s64 firmware_info(struct xenpf_firmware_info *info)
{
    switch (info->type) {
    case XEN_FW_DISK_INFO: /* "no such" ends the list of disks */
    case XEN_FW_DISK_MBR_SIGNATURE:
    case XEN_FW_VBEDDC_INFO:
        return -XEN_ESRCH;
    case XEN_FW_KBD_SHIFT_FLAGS:
        if (info->index != 0 || efi_info()->found) {
            return -XEN_ESRCH;
        }
        info->u.kbd_shift_flags = *(const u8 *)direct(maddr(BIOS_KEYBOARD_FLAGS));
        return 0;
    case XEN_FW_EFI_INFO:
        return efi_question(info->index, &info->u.efi_info);
    }
    return -XEN_EINVAL;
}
