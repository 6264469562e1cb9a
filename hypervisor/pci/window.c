/* SPDX-License-Identifier: MIT */
/* The windows on configuration space. */
#include "hypervisor/pci/window.h"
#include "hypervisor/irq/message.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/pci/guest.h"

#define WINDOWS_MAX  8u
#define FRAMES_A_BUS 256u /* a frame for each function */

static struct {
    u32 count;
    struct pci_window window[WINDOWS_MAX];
} windows;

bool pci_window_found(struct pci_window window)
{
    if (windows.count == WINDOWS_MAX) {
        return false;
    }
    windows.window[windows.count++] = window;
    return true;
}

const struct pci_window *pci_window(u32 index)
{
    return index < windows.count ? &windows.window[index] : NULL;
}

mfn_t pci_window_first(const struct pci_window *window)
{
    return mfn((window->base >> PAGE_SHIFT) + (u64)window->first_bus * FRAMES_A_BUS);
}

u64 pci_window_frames(const struct pci_window *window)
{
    return (window->last_bus - window->first_bus + 1ull) * FRAMES_A_BUS;
}

/* Finds the function whose page in a window is `m`. False: there is none that can be reached. */
static bool find_function(mfn_t m, u16 *function)
{
    const struct pci_window *window;

    for (u32 i = 0; (window = pci_window(i)); i++) {
        if (window->segment == 0 && m.n - pci_window_first(window).n < pci_window_frames(window)) {
            *function = (u16)(m.n - (window->base >> PAGE_SHIFT));
            return true;
        }
    }
    return false;
}

/* A store to a register behind those that the ports reach. */
static void store_extended(mfn_t m, u32 offset, u32 size, u32 value)
{
    char *view = message_map(maddr_of(m).a);

    if (!view) {
        return; /* more functions have extended registers that are written than pages are mapped */
    }
    switch (size) {
    case 1:
        *(volatile u8 *)(view + offset) = (u8)value;
        break;
    case 2:
        *(volatile u16 *)(view + offset) = (u16)value;
        break;
    default:
        *(volatile u32 *)(view + offset) = value;
        break;
    }
}

void pci_window_store(mfn_t m, u32 offset, u32 size, u64 value)
{
    u16 function;

    if (!find_function(m, &function)) {
        return;
    }
    for (u32 done = 0; done < size; done += sizeof(u32)) {
        const u32 part = size - done < sizeof(u32) ? size - done : sizeof(u32);

        if (offset + done < PCI_SPACE) {
            pci_guest_write(function, offset + done, part, (u32)(value >> 8 * done));
        } else {
            store_extended(m, offset + done, part, (u32)(value >> 8 * done));
        }
    }
}
