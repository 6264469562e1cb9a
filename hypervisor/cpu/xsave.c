/* SPDX-License-Identifier: MIT */
/* XSAVE: enables the instruction, and chooses which registers it saves. */
#include "hypervisor/cpu/xsave.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/log/log.h"
#include "lib/addr.h"
#include "lib/x86/control.h"
#include "lib/x86/cpuid.h"

/* The state components that guests may enable. They need no further handling by the hypervisor. */
#define XCR0_KNOWN (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512)

#define FXSAVE_BYTES 512u

#define LEAF_XSAVE 0xdu /* a machine may hide this leaf although it shows XSAVE */

static struct {
    bool started; /* xsave_start has chosen `xcr0` on the first CPU */
    u64 xcr0;
    u32 area_size;
} xsave = {.area_size = FXSAVE_BYTES};

/* The components of XCR0_KNOWN that this CPU offers. CR4.OSXSAVE must be set. */
static u64 offered(void)
{
    struct cpuid leaf = read_cpuid(LEAF_XSAVE, 0);
    u64 xcr0 = (leaf.eax | (u64)leaf.edx << 32) & XCR0_KNOWN;

    return (xcr0 & XCR0_AVX512) == XCR0_AVX512 ? xcr0 : xcr0 & ~XCR0_AVX512;
}

bool xsave_start(void)
{
    bool present = read_cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE && processor_last_leaf(0) >= LEAF_XSAVE;

    if (present) {
        write_cr4(read_cr4() | CR4_OSXSAVE);
        if (!xsave.started) {
            xsave.xcr0 = offered();
        }
        if (offered() == xsave.xcr0) {
            xsave_write_xcr0(xsave.xcr0);
        }
    }
    bool same = (present ? offered() : 0) == xsave.xcr0;
    if (same && present) { /* EBX: the size for what XCR0 has now */
        const u32 size = read_cpuid(LEAF_XSAVE, 0).ebx;

        if (!xsave.started) {
            ASSERT(size >= FXSAVE_BYTES && size <= PAGE_SIZE);
            xsave.area_size = size;
        }
        same = size == xsave.area_size;
    }
    xsave.started = true;
    return same;
}

u64 xsave_xcr0(void)
{
    return xsave.xcr0;
}

u32 xsave_area_size(void)
{
    return xsave.area_size;
}
