/* SPDX-License-Identifier: MIT */
/* Attacks of the hostile guest by memory accesses and by instructions. */
#include "tests/guests/hostile/code.h"

static void store(volatile void *at, u64 value)
{
    switch (below(9)) {
    case 0:
        *(volatile u8 *)at = (u8)value;
        break;
    case 1:
        *(volatile u16 *)at = (u16)value;
        break;
    case 2:
        *(volatile u32 *)at = (u32)value;
        break;
    case 3:
        __atomic_exchange_n((u64 *)at, value, __ATOMIC_SEQ_CST);
        break;
    case 4:
        __asm__ volatile("lock btrq %1, %0" : "+m"(*(u64 *)at) : "r"(below(64)));
        break;
    case 5:
        __asm__ volatile("lock btsq %1, %0" : "+m"(*(u64 *)at) : "r"(below(64)));
        break;
    case 6:
        __asm__ volatile("lock cmpxchg %1, %0"
                         : "+m"(*(u64 *)at)
                         : "r"(value), "a"(*(volatile u64 *)at));
        break;
    case 7:
        memcpy((void *)at, paper, below(64));
        break;
    default:
        *(volatile u64 *)at = value;
    }
}

void attack_store(void)
{
    u64 words[2] = {an_address(), an_entry()};

    if (!once_in(3)) {
        words[0] = address(entry_of(address(PICK(play_window)), 1)) + (once_in(6) ? below(9) : 0);
    } else if (once_in(4)) {
        words[0] = address(entry_of(an_address(), 1 + (unsigned)below(4)));
    }
    note("store", words, 2);
    store((volatile void *)words[0], words[1]);
}

void attack_touch(void)
{
    u64 at = once_in(2) ? a_tree_address() : address(PICK(play_window)) + below(PAGE_SIZE);

    note("touch", &at, 1);
    if (once_in(2)) {
        *(volatile u64 *)at = an_entry();
    } else {
        (void)*(volatile u64 *)at;
    }
}

void attack_mapping(void)
{
    u64 words[7] = {__HYPERVISOR_update_va_mapping, address(PICK(play_window)), an_entry(),
                    once_in(4) ? a_number() : below(3), a_domain()};

    if (once_in(4)) {
        words[1] = once_in(60) ? an_address() : once_in(2) ? a_limit_address() : a_tree_address();
    }
    if (once_in(8)) {
        words[0] = __HYPERVISOR_update_va_mapping_otherdomain;
    }
    call(words);
}

/* ---- instructions -------------------------------------------------------------------------- */

#define OPERAND 0x80u /* a ModRM byte follows */

/* One opcode a row: its length, then its bytes. */
static const u8 opcodes[][8] = {{1, 0x6c},
                                {1, 0x6d},
                                {1, 0x6e},
                                {1, 0x6f},
                                {OPERAND | 1, 0x8e},
                                {1, 0x9a},
                                {1, 0x9d},
                                {1, 0xa3},
                                {1, 0xa5},
                                {1, 0xab},
                                {OPERAND | 1, 0xc7},
                                {1, 0xca},
                                {1, 0xcb},
                                {1, 0xcc},
                                {1, 0xcd},
                                {1, 0xce},
                                {1, 0xcf},
                                {1, 0xe4},
                                {1, 0xe5},
                                {1, 0xe6},
                                {1, 0xe7},
                                {1, 0xea},
                                {1, 0xec},
                                {1, 0xed},
                                {1, 0xee},
                                {1, 0xef},
                                {1, 0xf1},
                                {1, 0xf4},
                                {1, 0xfa},
                                {1, 0xfb},
                                {OPERAND | 1, 0xff},
                                {OPERAND | 1, 0x89},
                                {OPERAND | 1, 0x87},
                                {OPERAND | 1, 0x81},
                                {OPERAND | 1, 0x01},
                                {OPERAND | 1, 0x63},
                                {1, 0x9b},
                                {OPERAND | 1, 0xdb},
                                {OPERAND | 1, 0xd9},
                                {OPERAND | 1, 0xdd},
                                {OPERAND | 2, 0x0f, 0x00},
                                {OPERAND | 2, 0x0f, 0x01},
                                {OPERAND | 2, 0x0f, 0x02},
                                {OPERAND | 2, 0x0f, 0x03},
                                {2, 0x0f, 0x05},
                                {2, 0x0f, 0x06},
                                {2, 0x0f, 0x07},
                                {2, 0x0f, 0x08},
                                {2, 0x0f, 0x09},
                                {2, 0x0f, 0x0b},
                                {OPERAND | 2, 0x0f, 0x20},
                                {OPERAND | 2, 0x0f, 0x21},
                                {OPERAND | 2, 0x0f, 0x22},
                                {OPERAND | 2, 0x0f, 0x23},
                                {2, 0x0f, 0x30},
                                {2, 0x0f, 0x31},
                                {2, 0x0f, 0x32},
                                {2, 0x0f, 0x33},
                                {2, 0x0f, 0x34},
                                {2, 0x0f, 0x35},
                                {2, 0x0f, 0xa2},
                                {2, 0x0f, 0xa9},
                                {2, 0x0f, 0xa1},
                                {2, 0x0f, 0xaa},
                                {OPERAND | 2, 0x0f, 0xab},
                                {OPERAND | 2, 0x0f, 0xae},
                                {OPERAND | 2, 0x0f, 0xb1},
                                {OPERAND | 2, 0x0f, 0xb2},
                                {OPERAND | 2, 0x0f, 0xb3},
                                {OPERAND | 2, 0x0f, 0xb4},
                                {OPERAND | 2, 0x0f, 0xb5},
                                {OPERAND | 2, 0x0f, 0xba},
                                {OPERAND | 2, 0x0f, 0xbb},
                                {OPERAND | 2, 0x0f, 0xc1},
                                {OPERAND | 2, 0x0f, 0xc7},
                                {3, 0x0f, 0x01, 0xc8},
                                {3, 0x0f, 0x01, 0xc9},
                                {3, 0x0f, 0x01, 0xca},
                                {3, 0x0f, 0x01, 0xcb},
                                {3, 0x0f, 0x01, 0xd0},
                                {3, 0x0f, 0x01, 0xd1},
                                {3, 0x0f, 0x01, 0xf8},
                                {3, 0x0f, 0x01, 0xf9},
                                {3, 0x0f, 0x01, 0xd9},
                                {3, 0x0f, 0x01, 0xc1},
                                {3, 0x0f, 0x38, 0x82},
                                {3, 0x0f, 0xae, 0xd0},
                                {7, 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2}};

/* Writes a ModRM byte and what must follow it. Returns the length. Memory if `locked`, since LOCK
 * before some operations on registers ends QEMU 7.2; nothing that changes the stack pointer unless
 * `wild`. */
static unsigned fill_operand(u8 *at, bool locked, bool wild)
{
    unsigned length = 1;

    do {
        at[0] = (u8)random64();
    } while ((((at[0] & 0x07) == 4 || (at[0] & 0x38) == 0x20) && !wild) ||
             (locked && at[0] >= 0xc0));
    if (at[0] < 0xc0 && (at[0] & 7) == 4) {
        length++;
    }
    if (at[0] >> 6 == 1) {
        length++;
    }
    if (at[0] >> 6 == 2 || (at[0] & 0xc7) == 5) {
        length += 4;
    }
    for (unsigned i = 1; i < length; i++) {
        at[i] = (u8)random64();
    }
    return length;
}

/* Writes a random instruction. `wild`: any; a wrong stack pointer does not end the guest here. */
static void fill_code(u8 *at, bool wild)
{
    static const u8 prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65};
    const u8 *opcode = PICK(opcodes);
    unsigned length = 0;
    bool locked = false;

    memset(at, TRAPS, CODE_SIZE);
    while (once_in(4) && length < 12) {
        at[length] = PICK(prefixes);
        locked |= at[length++] == 0xf0;
    }
    if (once_in(3)) {
        at[length++] = (u8)(0x40 | below(16));
    }
    for (unsigned i = 1; i <= (opcode[0] & ~OPERAND); i++) {
        at[length++] = opcode[i];
    }
    if (wild && once_in(16) && !locked) {
        length = 0;
        at[length++] = (u8)random64();
    }
    if (wild || opcode[0] & OPERAND) {
        length += fill_operand(at + length, locked, wild);
    }
    for (unsigned tail = wild && once_in(8) ? (unsigned)below(8) : 0; tail; tail--) {
        at[length++] = (u8)random64();
    }
}

static void fill_registers(void)
{
    static const u32 msrs[] = {
        0x10,       0x1b,       0x8b,       0x174,      0x175,      0x176,      0x1a0,
        0x1d9,      0x277,      0x2ff,      0x38f,      0x48,       0x49,       0x3a,
        0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101,
        0xc0000102, 0xc0000103, 0xc0010015, 0xc0010114, 0xda0,      0x800};

    u64 *top = (u64 *)(attack_stack + sizeof attack_stack / 2);

    for (unsigned i = 0; i < 16; i++) {
        registers[i] = a_word();
    }
    top[0] = address(give_up); /* where an instruction that returns continues */
    top[1] = once_in(2) ? KERNEL_CS : a_selector();
    top[2] = a_number();
    top[3] = address(top);
    top[4] = once_in(2) ? GUEST_SS : a_selector();
    if (once_in(3)) {
        registers[1] = PICK(msrs);
    }
    if (once_in(3)) {
        registers[0] = once_in(2) ? a_number() : a_call_number();
    }
    if (!once_in(4)) {
        registers[1] &= 0xff | (registers[1] >= 0x174 ? ~0ull : 0);
    }
    registers[4] = address(top);
    registers[15] = once_in(5000) ? a_word() : registers[4];
}

/* Loads rax, rcx, rdx, rbx, rbp, rsi, rdi, r8 to r15 and rsp from registers[0], [1], ... and jumps
 * to the code. Never returns: what follows the instruction traps. */
static void run_code(void)
{
    __asm__ volatile("mov %0, %%rax\n"
                     "mov 8(%%rax), %%rcx\nmov 16(%%rax), %%rdx\nmov 24(%%rax), %%rbx\n"
                     "mov 32(%%rax), %%rbp\nmov 40(%%rax), %%rsi\nmov 48(%%rax), %%rdi\n"
                     "mov 56(%%rax), %%r8\nmov 64(%%rax), %%r9\nmov 72(%%rax), %%r10\n"
                     "mov 80(%%rax), %%r11\nmov 88(%%rax), %%r12\nmov 96(%%rax), %%r13\n"
                     "mov 104(%%rax), %%r14\nmov 112(%%rax), %%r15\nmov 120(%%rax), %%rsp\n"
                     "mov (%%rax), %%rax\n"
                     "jmp *code_address(%%rip)" ::"r"(registers)
                     : "memory");
    __builtin_unreachable();
}

static void note_code(const char *what, const u8 *at)
{
    note(what, (const u64 *)at, 3);
    note("  registers", registers, 15);
}

void attack_instruction(void)
{
    u64 at = once_in(8) ? PAGE_SIZE - CODE_SIZE : below(2) * CODE_SIZE;

    fill_registers();
    fill_code(code + at, once_in(2000));
    code_address = address(code) + at;
    note_code("instruction", code + at);
    if (is_an_end(registers[0], registers[6])) {
        registers[0] = 0;
    }
    run_code();
}

void attack_user(void)
{
    struct trap_frame frame;

    fill_registers();
    fill_code(user.code, true);
    user.code[PAGE_SIZE - 2] = user.code[PAGE_SIZE - 1] = TRAPS;
    memcpy(&frame, registers, 15 * 8);
    frame.rip = USER_CODE;
    frame.rsp = once_in(4) ? an_address() : USER_STACK;
    frame.rflags = (a_number() & ~(RFLAGS_IOPL | 1ull << 17)) | RFLAGS_IF;
    frame.cs = frame.ss = 0;
    note_code("user", user.code);
    user_run(&frame, once_in(4) ? a_number() : 0);
}

void attack_iret(void)
{
    static const u16 selectors[] = {
        FLAT_RING3_CS32,      FLAT_RING3_CS64, FLAT_RING3_DS32, FLAT_RING3_CS64 & ~3,
        FLAT_RING3_CS32 & ~3, 0xe008,          0xe019};
    u64 flat = address(attack_stack) + sizeof attack_stack - 4096;

    for (unsigned i = 0; i < 4; i++) {
        paper[i] = a_number();
    }
    paper[4] = once_in(200) ? an_address() : once_in(4) ? USER_CODE : address(give_up);
    paper[5] = once_in(3) ? a_selector() : PICK(selectors);
    paper[6] = a_number();
    paper[7] = once_in(1000) ? an_address() : flat;
    paper[8] = once_in(3) ? a_selector() : GUEST_SS;
    note("iret", paper, 9);
    __asm__ volatile("mov %0, %%rsp\nmov %1, %%eax\nsyscall\nud2" ::"r"(paper),
                     "i"(__HYPERVISOR_iret)
                     : "memory");
    __builtin_unreachable();
}
