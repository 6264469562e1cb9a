/* SPDX-License-Identifier: MIT */
/* A guest that makes random requests at random times. */
#include "tests/machine/chaos.h"
#include "tests/machine/update.h"

#include "vmmu/port.h"

static u64 pick(struct chaos *chaos, u64 below)
{
    /* xorshift64* */
    chaos->random ^= chaos->random >> 12;
    chaos->random ^= chaos->random << 25;
    chaos->random ^= chaos->random >> 27;
    return (chaos->random * 0x2545f4914f6cdd1dull >> 32) % below;
}

void chaos_start(struct chaos_pool *pool)
{
    for (u32 i = 0; i < CHAOS_FRAMES; i++) {
        pool->frame[i] = guest_page(&guest);
    }
    pool->foreign = guest_page(&other);
    pool->shared = machine_allocate();
    vmmu_share(&guest.domain, pool->shared, true);
}

/* The level that frame `i` is mostly used at, so that complete trees come about: 0 (a page) to
 * 4. */
static u32 favourite_level(u64 i)
{
    static const u32 levels[8] = {0, 0, 0, 1, 1, 2, 3, 4};
    return levels[i % 8];
}

static mfn_t any_frame(struct chaos *chaos)
{
    return chaos->pool->frame[pick(chaos, CHAOS_FRAMES)];
}

/* A frame for use at `level`: mostly one that is usually used so. */
static mfn_t frame_for(struct chaos *chaos, u32 level)
{
    for (u32 tries = 0; tries < 20; tries++) {
        const u64 i = pick(chaos, CHAOS_FRAMES);
        if (favourite_level(i) == level) {
            return chaos->pool->frame[i];
        }
    }
    return any_frame(chaos);
}

static u64 any_entry(struct chaos *chaos, u32 level)
{
    switch (pick(chaos, 24)) {
    case 0:
        return RW(chaos->pool->foreign);
    case 1:
        return pick(chaos, 2) ? RW(chaos->pool->shared) : RO(chaos->pool->shared);
    case 2:
        return RW(any_frame(chaos)) | 1ull << pick(chaos, 64);
    case 3:
        return RO(any_frame(chaos));
    case 4:
    case 5:
    case 6:
    case 7:
        return 0;
    default:
        break;
    }
    const mfn_t target = frame_for(chaos, level ? level - 1 : 0);
    return (pick(chaos, 4) ? RW(target) : RO(target)) | (pick(chaos, 4) ? 0 : PTE_NX);
}

static u32 any_index(struct chaos *chaos)
{
    static const u32 indices[6] = {0, 1, 2, 260, 510, 511};
    return indices[pick(chaos, 6)];
}

static vaddr_t any_address(struct chaos *chaos)
{
    u64 va = 0;
    for (u32 level = 4; level >= 1; level--) {
        va = va << 9 | (pick(chaos, 3) ? 0 : any_index(chaos));
    }
    return vaddr((u64)((s64)(va << 28) >> 16) | pick(chaos, 6) * sizeof(u64));
}

static enum vmmu_result update(struct chaos *chaos)
{
    const u64 i = pick(chaos, CHAOS_FRAMES);
    const u32 level = favourite_level(i);
    const bool foreign = pick(chaos, 10) == 0;
    const maddr_t at = machine_at(chaos->pool->frame[i], any_index(chaos));
    const u64 entry = any_entry(chaos, level);
    const enum vmmu_update_kind kind = (enum vmmu_update_kind)pick(chaos, 4);
    return update_entry(chaos->vcpu, &guest.domain, foreign ? &other.domain : &guest.domain, at,
                        entry, kind);
}

/* mmu_update with several entries, most of them in the same page. */
static enum vmmu_result update_many(struct chaos *chaos)
{
    struct vmmu_request requests[5];
    u64 i = pick(chaos, CHAOS_FRAMES), done;
    for (u32 n = 0; n < ARRAY_LENGTH(requests); n++) {
        if (pick(chaos, 5) == 0) {
            i = pick(chaos, CHAOS_FRAMES);
        }
        const maddr_t at = machine_at(chaos->pool->frame[i], any_index(chaos));
        requests[n] =
            (struct vmmu_request){at.a | pick(chaos, 4), any_entry(chaos, favourite_level(i))};
    }
    return vmmu_update_many(chaos->vcpu, &guest.domain, &guest.domain, requests,
                            ARRAY_LENGTH(requests), &done);
}

static enum vmmu_result pin(struct chaos *chaos)
{
    const u32 level = (u32)pick(chaos, 4) + 1;
    return vmmu_pin(chaos->vcpu, &guest.domain,
                    pick(chaos, 8) ? frame_for(chaos, level) : any_frame(chaos), level);
}

static enum vmmu_result load_root(struct chaos *chaos)
{
    const enum vmmu_result result = vmmu_set_kernel_root(chaos->vcpu, frame_for(chaos, 4));
    if (result == VMMU_DONE && chaos->alone) {
        cpu_load_root(port_cpu(), chaos->vcpu->kernel_root);
    }
    return result;
}

static enum vmmu_result gdt(struct chaos *chaos)
{
    const mfn_t frames[2] = {any_frame(chaos), any_frame(chaos)};
    return vmmu_set_gdt(chaos->vcpu, frames, (u32)pick(chaos, 3), 0);
}

/* Gives a frame back to the allocator and takes another. */
static enum vmmu_result exchange(struct chaos *chaos)
{
    const u64 i = pick(chaos, CHAOS_FRAMES);
    if (!chaos->alone) {
        return VMMU_DONE;
    }
    const enum vmmu_result result = vmmu_take(&guest.domain, chaos->pool->frame[i]);
    if (result == VMMU_DONE) {
        chaos->pool->frame[i] = guest_page(&guest);
    }
    return result;
}

/* A load or store by the guest's own code. */
static enum vmmu_result touch(struct chaos *chaos)
{
    u64 value;
    if (chaos->alone) {
        const vaddr_t va = any_address(chaos);
        if (pick(chaos, 2)) {
            cpu_store(port_cpu(), va, any_entry(chaos, (u32)pick(chaos, 5)));
        } else {
            cpu_load(port_cpu(), va, &value);
        }
    }
    return VMMU_DONE;
}

static enum vmmu_result hold(struct chaos *chaos)
{
    const mfn_t m = any_frame(chaos);
    const enum vmmu_result result = vmmu_hold(&guest.domain, m);
    if (result == VMMU_DONE) {
        vmmu_unhold(m);
    }
    return result;
}

static enum vmmu_result emulated_write(struct chaos *chaos)
{
    const vaddr_t va = any_address(chaos);
    bool swapped;
    if (!vmmu_is_l1_write(chaos->vcpu, va)) {
        return VMMU_DONE;
    }
    return vmmu_emulated_write(chaos->vcpu, va, 8, 0, any_entry(chaos, 1), &swapped);
}

void chaos_step(struct chaos *chaos)
{
    enum vmmu_result result = VMMU_DONE;
    switch (pick(chaos, 32)) {
    case 0:
        result = vmmu_finish(chaos->vcpu);
        break;
    case 1:
    case 2:
    case 3:
    case 4:
        result = pin(chaos);
        break;
    case 5:
    case 6:
    case 7:
        result = vmmu_unpin(chaos->vcpu, &guest.domain, any_frame(chaos));
        break;
    case 8:
    case 9:
        result = load_root(chaos);
        break;
    case 10:
        result = vmmu_set_user_root(chaos->vcpu, pick(chaos, 4) ? frame_for(chaos, 4) : MFN_NONE);
        break;
    case 11:
        result = gdt(chaos);
        break;
    case 12:
        result = exchange(chaos);
        break;
    case 13:
        result = hold(chaos);
        break;
    case 14:
        result = emulated_write(chaos);
        break;
    case 15:
    case 16:
        result =
            vmmu_update_va(chaos->vcpu, &guest.domain, any_address(chaos), any_entry(chaos, 1));
        break;
    case 17:
    case 18:
    case 19:
    case 20:
        result = touch(chaos);
        break;
    case 21:
    case 22:
    case 23:
        result = update_many(chaos);
        break;
    default:
        result = update(chaos);
        break;
    }
    chaos->done[result]++;
}
