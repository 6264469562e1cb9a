/* SPDX-License-Identifier: MIT */
/* The steps of boot in order: memory, the hypervisor's own tables, the engine, the first CPU, the
 * other CPUs, the guests. */
#include "hypervisor/boot/acpi.h"
#include "hypervisor/boot/acpi_tables.h"
#include "hypervisor/boot/describe.h"
#include "hypervisor/boot/dom0.h"
#include "hypervisor/boot/efi.h"
#include "hypervisor/boot/loader.h"
#include "hypervisor/boot/start.h"
#include "hypervisor/log/crash_log.h"
#include "hypervisor/log/log.h"
#include "hypervisor/log/output.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/irq/isa.h"
#include "hypervisor/boot/smp.h"
#include "hypervisor/cpu/speculation.h"
#include "hypervisor/build/build.h"
#include "hypervisor/call/version.h"
#include "hypervisor/console/machine_console.h"
#include "hypervisor/domain/anchor.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/report.h"
#include "hypervisor/trap/run.h"
#include "hypervisor/trap/tracing.h"
#include "hypervisor/vcpu/abi_version.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/dirty.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/direct.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/time/hpet.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/cpu/start.h"
#include "lib/handoff.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define M2P_UNIT    0x200000ull /* the M2P is mapped in pages of this size */
#define M2P_INVALID 0xff

static struct {
    struct loader loader;
    struct handoff handoff;
    struct boot_options options;
    struct processors processors;
    u8 low_page; /* for the start of other CPUs */
    u64 tsc;     /* TSC at the beginning of start; under QEMU's -icount: instructions executed */
} boot;

static bool in_module(u64 at)
{
    for (u32 i = 0; i < boot.loader.module_count; i++) {
        if (at + PAGE_SIZE > boot.loader.module[i].start && at < boot.loader.module[i].end) {
            return true;
        }
    }
    return false;
}

/* Marks the RAM of the first MiB, in which no module lies, as device frames: firmware keeps tables
 * there, which the privileged domain's kernel looks for and reads. */
static void mark_low_memory(void)
{
    for (u64 at = 0; at < BOOT_MEMORY_LOW; at += PAGE_SIZE) {
        if (boot_memory_has_ram(at, at + PAGE_SIZE) && !in_module(at)) {
            vmmu_own_device(mfn_of(maddr(at)));
        }
    }
}

/* Allocates the frame table, the M2P and the dirty map, and starts the virtual MMU and the frame
 * allocator. */
static void start_engine(void)
{
    u64 frames = boot_memory_frames();
    u64 table_size = frames * sizeof(struct vmmu_frame);
    u64 m2p_size = (frames * sizeof(u64) + M2P_UNIT - 1) & ~(M2P_UNIT - 1);
    maddr_t at = boot_memory_take(table_size, PAGE_SIZE);
    maddr_t m2p = boot_memory_take(m2p_size, M2P_UNIT);
    maddr_t dirty_map = boot_memory_take(dirty_size(frames), PAGE_SIZE);
    struct vmmu_frame *table = map_frames(at, table_size);

    memset(table, 0, table_size);
    memset(direct(m2p), M2P_INVALID, m2p_size);
    map_m2p(m2p, m2p_size);
    vmmu_start(table, frames, direct(m2p), map_hypervisor_slots(), processor_has_l1tf());
    frames_start(table, frames, direct(dirty_map));
    boot_memory_hand_over(!boot.handoff.ram_zeroed);
    boot_memory_mark_devices();
    mark_low_memory();
    for (u64 at = m2p.a; at < m2p.a + m2p_size; at += PAGE_SIZE) {
        vmmu_show(mfn_of(maddr(at)));
    }
    map_use_allocator();
    anchor_start(map_idle_root(), vaddr((u64)table), frames);
}

/* Frees module 0, which is the text of the hand-off, and modules that no guest names. */
static void free_unused_modules(void)
{
    for (u32 i = 0; i < boot.handoff.module_count; i++) {
        struct handoff_module *module = &boot.handoff.module[i];

        if (module->users == 0) {
            frames_free_range(mfn_of(module->start), (module->size + PAGE_SIZE - 1) >> PAGE_SHIFT,
                              true);
        }
    }
}

static void start_input(void)
{
    if (boot.handoff.guest[0].privileged) {
        machine_console_start();
    } else {
        uart_enable_input_interrupt(UART_GUESTS);
    }
}

/* Starts the timeline, if the hand-off wants one, and says where it is. */
static void start_trace(void)
{
    if (!boot.handoff.trace) {
        return;
    }
    if (!tracing_start(HANDOFF_TRACE_RECORDS, boot.handoff.trace_all ? TRACE_ALL : 0)) {
        panic("no memory for the timeline");
    }
    log_line("trace: directory at %#llx",
             (unsigned long long)frame_of_view(trace_directory()).n << PAGE_SHIFT);
}

/* The second half of boot, on the CPU's own stack. */
static void start_guests(void)
{
    start_input();
    build_reserve(&boot.handoff);
    smp_start(&boot.processors, boot.low_page);
    free_unused_modules();
    start_trace();
    for (u32 i = 0; i < boot.handoff.guest_count; i++) {
        dom0_size(&boot.handoff.guest[i], &boot.options);
    }
    log_line("%u CPU(s), %llu MiB free, TSC %llu kHz by %s, %u guest(s)", cpu_count(),
             (unsigned long long)(frames_free_count() >> 8), (unsigned long long)clock_tsc_khz(),
             clock_source(), boot.handoff.guest_count);
    for (u32 i = 0; i < boot.handoff.guest_count; i++) {
        domain_build(i);
    }
    log_line("boot: %llu TSC ticks from the loader to the guests",
             (unsigned long long)(read_tsc() - boot.tsc));
    if (!boot.options.keep_screen) {
        log_leave_screen();
    }
    run();
}

/* Ends the machine if it has no port for the log, which `pinion run` reads. */
static void require_log(void)
{
    if (!uart_is_present(UART_LOG)) {
        machine_exit(HANDOFF_NO_LOG);
    }
}

/* Reads the boot loader's modules: `pinion run`'s guests, or a kernel and a ramdisk for dom0. */
static void read_modules(void)
{
    if (!handoff_is_given(&boot.handoff)) {
        version_command_line(boot.loader.command_line);
        if (!uart_is_present(UART_LOG)) {
            log_line("this machine has no first serial port (COM1)");
        }
        describe_machine(boot.loader.command_line);
        efi_start(&boot.loader);
        dom0_read(&boot.handoff, &boot.options, boot.loader.module_text);
        dom0_describe(&boot.handoff);
        return;
    }
    require_log();
    uart_wait_for_ever();
    if (!uart_is_present(UART_GUESTS)) {
        panic("this machine has no second serial port (COM2), which carries the guests' consoles");
    }
    handoff_read(&boot.handoff);
}

/* Starts the consoles, as the command line has them. */
static void start_consoles(void)
{
    options_read(boot.loader.command_line, &boot.options);
    if (boot.options.baud) {
        uart_set_speed(UART_LOG, boot.options.baud);
    }
    machine_set_restart_delay(boot.options.restart_delay);
    output_choose(boot.options.consoles);
    abi_version_set_minor(boot.options.version_minor);
    log_use_screen(&boot.loader.screen);
}

/* Reads what the boot loader says. */
static void read_loader(u32 magic, u32 information)
{
    const char *wrong = loader_read(magic, information, &boot.loader);

    start_consoles();
    if (wrong) {
        panic("%s", wrong);
    }
    boot.low_page = loader_use(&boot.loader, &boot.handoff);
    crash_log_start();
    acpi_use_pointer(boot.loader.root_pointer, boot.loader.root_pointer_size);
}

static void require_processor(void)
{
    if (processor_last_leaf(0x80000000) < 0x80000001 ||
        !(read_cpuid(0x80000001, 0).edx & CPUID_80000001_EDX_SYSCALL)) {
        panic("this processor does not report the instruction SYSCALL, by which guests call");
    }
}

static void start_clock(void)
{
    u64 seconds;
    u32 nanoseconds;

    clock_start();
    clock_wall(&seconds, &nanoseconds);
    if (!seconds) {
        log_line("this machine has no battery-backed clock (CMOS) with a valid date: for the "
                 "guests it is 1970");
    }
}

static struct cpu *start_first_cpu(void)
{
    cpu_start_tables();
    struct cpu *cpu = cpu_build(0);

    if (!cpu || !cpu_load(cpu)) {
        panic("no memory for a CPU's region");
    }
    sched_start_cpu(cpu);
    apic_start();
    cpu->apic_id = apic_id();
    cpu_set_online(cpu);
    return cpu;
}

void start(u32 loader_information, u32 magic)
{
    struct cpu *cpu;

    boot.tsc = read_tsc();
    uart_start();
    log_line("Pinion");
    read_loader(magic, loader_information);
    require_processor();
    read_modules();
    acpi_read_processors(&boot.processors);
    acpi_read_interrupts();
    acpi_read_windows();
    acpi_read_power();
    acpi_read_timer();
    hpet_found(acpi_hpet());
    map_start();
    space_load_root(space_cr3(map_idle_root()));
    boot_memory_reach_all();
    start_engine();
    report_use_audit(boot.handoff.audit);
    report_use_counters(boot.options.verbose);
    if (speculation_start(boot.handoff.mitigations, boot.handoff.isolation,
                          boot.handoff.guest_count)) {
        space_isolate();
    }
    space_start(!boot.options.no_pcid);
    cpu = start_first_cpu();
    isa_start();
    start_clock();
    cpu_enter_stack(cpu, start_guests);
}
