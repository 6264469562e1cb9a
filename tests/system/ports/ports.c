/* SPDX-License-Identifier: MIT */
/* Runs inside a guest, as a 64-bit and as a 32-bit program: what a process may do with I/O ports.
 *
 * A process that has got ports by ioperm or iopl uses them without a signal, and each read gives
 * all ones, since no device answers. Any other port is SIGSEGV: the neighbours of those that it
 * has, wider accesses that reach beyond them, ports that it has given back, and ports of another
 * process. String instructions move memory with the faults that memory gives.
 *
 * The program has no C library, so that a compiler without 32-bit libraries can build it. Each
 * check is a child process; the last line that is printed is the verdict. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long word;

#define PORT    0x80u   /* in the middle of a byte of the bitmap: no */
#define NOBODY  0x1234u /* a port that no machine has */
#define PAGE    4096ul
#define FINE    0
#define WRONG   1
#define FAULT   11 /* SIGSEGV */
#define NOWHERE ((u8 *)16)

/* ---- system calls -------------------------------------------------------------------------- */

#ifdef __x86_64__
enum {
    WRITE = 1,
    MMAP = 9,
    MPROTECT = 10,
    YIELD = 24,
    FORK = 57,
    WAIT = 61,
    IOPL = 172,
    IOPERM = 173,
    AFFINITY = 203,
    EXIT = 231
};
#define WIDTH "64-bit"

static long call(long number, word a, word b, word c, word d)
{
    register word fourth __asm__("r10") = d;

    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return number;
}

static u8 *map(word bytes)
{
    word at = MMAP;
    register word fourth __asm__("r10") = 0x22; /* private, anonymous */
    register word fifth __asm__("r8") = ~0ul;
    register word sixth __asm__("r9") = 0;

    __asm__ volatile("syscall"
                     : "+a"(at)
                     : "D"(0ul), "S"(bytes), "d"(3ul), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return (u8 *)at;
}

__asm__(".globl _start\n_start: and $-16, %rsp\n call program\n ud2");
#else
enum {
    FORK = 2,
    WRITE = 4,
    MMAP = 90,
    IOPERM = 101,
    IOPL = 110,
    WAIT = 114,
    MPROTECT = 125,
    YIELD = 158,
    AFFINITY = 241,
    EXIT = 252
};
#define WIDTH "32-bit"

static long call(long number, word a, word b, word c, word d)
{
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
    return number;
}

static u8 *map(word bytes)
{
    word arguments[6] = {0, bytes, 3, 0x22, ~0ul, 0};

    return (u8 *)call(MMAP, (word)arguments, 0, 0, 0);
}

__asm__(".globl _start\n_start: and $-16, %esp\n call program\n ud2");
#endif

static void leave(int status)
{
    call(EXIT, (word)status, 0, 0, 0);
}

static void print(const char *text)
{
    word length = 0;

    while (text[length]) {
        length++;
    }
    call(WRITE, 1, (word)text, length, 0);
}

static void must(int good)
{
    if (!good) {
        leave(WRONG);
    }
}

static void grant(u32 first, u32 count)
{
    must(!call(IOPERM, first, count, 1, 0));
}

static void revoke(u32 first, u32 count)
{
    must(!call(IOPERM, first, count, 0, 0));
}

static void level(u32 iopl)
{
    must(!call(IOPL, iopl, 0, 0, 0));
}

static void run_on(word cpu)
{
    word mask = 1ul << cpu;

    must(!call(AFFINITY, 0, sizeof mask, (word)&mask, 0));
}

/* ---- port instructions --------------------------------------------------------------------- */

#define PORT_ACCESS(type, width, suffix, reg)                                                      \
    static type in##width(u16 port)                                                                \
    {                                                                                              \
        type value = 0x5a;                                                                         \
        __asm__ volatile("in" suffix " %%dx, %%" reg : "+a"(value) : "d"(port));                   \
        return value;                                                                              \
    }                                                                                              \
    static void out##width(u16 port)                                                               \
    {                                                                                              \
        __asm__ volatile("out" suffix " %%" reg ", %%dx" : : "a"((type)0), "d"(port));             \
    }                                                                                              \
    static void ins##width(u16 port, u8 *to, word count)                                           \
    {                                                                                              \
        __asm__ volatile("rep ins" suffix : "+D"(to), "+c"(count) : "d"(port) : "memory");         \
        must(!count);                                                                              \
    }                                                                                              \
    static void outs##width(u16 port, const u8 *from, word count)                                  \
    {                                                                                              \
        __asm__ volatile("rep outs" suffix : "+S"(from), "+c"(count) : "d"(port) : "memory");      \
        must(!count);                                                                              \
    }
PORT_ACCESS(u8, 8, "b", "al")
PORT_ACCESS(u16, 16, "w", "ax")
PORT_ACCESS(u32, 32, "l", "eax")

/* ---- checks -------------------------------------------------------------------------------- */

static int failures;

/* Compares how a child ended with how it should have. */
static void ended(const char *what, int expected, long pid)
{
    int status = 0;

    call(WAIT, (word)pid, (word)&status, 0, 0);
    status = status & 127 ? status & 127 : status >> 8;
    if (status != expected) {
        failures++;
        print("ports: " WIDTH " WRONG: ");
        print(what);
        print(status == FAULT ? ": SIGSEGV\n" : status == FINE ? ": no signal\n" : ": other\n");
    }
}

/* CHECK(how the child ends, what it does, its statements) */
#define CHECK(expected, what, ...)                                                                 \
    do {                                                                                           \
        long pid = call(FORK, 0, 0, 0, 0);                                                         \
        if (!pid) {                                                                                \
            failures = 0;                                                                          \
            __VA_ARGS__;                                                                           \
            leave(FINE);                                                                           \
        }                                                                                          \
        ended(what, expected, pid);                                                                \
    } while (0)

static void check_one_port(void)
{
    CHECK(FAULT, "in without permission", in8(PORT));
    CHECK(FAULT, "out without permission", out8(PORT));
    CHECK(FINE, "a granted port", grant(PORT, 1); must(in8(PORT) == 0xff); out8(PORT));
    CHECK(FINE, "by an immediate", grant(PORT, 1); __asm__ volatile("outb %al, $0x80"));
    CHECK(FAULT, "the port above", grant(PORT, 1); in8(PORT + 1));
    CHECK(FAULT, "the port below", grant(PORT, 1); out8(PORT - 1));
    CHECK(FAULT, "the port above a byte of the bitmap", grant(PORT, 8); in8(PORT + 8));
    CHECK(FAULT, "given back", grant(PORT, 1); out8(PORT); revoke(PORT, 1); out8(PORT));
    CHECK(FINE, "one of two given back", grant(PORT, 2); revoke(PORT, 1); out8(PORT + 1));
    CHECK(FAULT, "cli by a port", grant(PORT, 1); __asm__ volatile("cli"));
    CHECK(FINE, "the last port", grant(0xffff, 1); must(in8(0xffff) == 0xff));
    CHECK(FINE, "port 0", grant(0, 1); out8(0));
}

static void check_widths(void)
{
    CHECK(FINE, "two bytes", grant(PORT, 2); must(in16(PORT) == 0xffff); out16(PORT));
    CHECK(FINE, "four bytes", grant(PORT, 4); must(in32(PORT) == 0xffffffff); out32(PORT));
    CHECK(FAULT, "two bytes of which one is granted", grant(PORT, 1); in16(PORT));
    CHECK(FAULT, "two bytes of which the other is granted", grant(PORT + 1, 1); in16(PORT));
    CHECK(FAULT, "four bytes of which three are granted", grant(PORT, 3); out32(PORT));
    CHECK(FINE, "four bytes across bytes of the bitmap", grant(PORT + 6, 4); out32(PORT + 6));
    CHECK(FAULT, "three of four across them", grant(PORT + 6, 3); out32(PORT + 6));
    CHECK(FINE, "the last two ports", grant(0xfffe, 2); must(in16(0xfffe) == 0xffff));
    CHECK(FAULT, "beyond the last port", grant(0xfffe, 2); grant(0, 2); in32(0xfffe));
}

static int all_ones(const u8 *bytes, word count)
{
    for (word i = 0; i < count; i++) {
        if (bytes[i] != 0xff) {
            return 0;
        }
    }
    return 1;
}

static void check_strings(void)
{
    u8 *pages = map(3 * PAGE); /* no page is there before it is used */

    must(!call(MPROTECT, (word)(pages + 2 * PAGE), PAGE, 1, 0));
    CHECK(FINE, "ins to new pages", grant(PORT, 1); ins8(PORT, pages + PAGE - 8, 16);
          must(all_ones(pages + PAGE - 8, 16)); must(!pages[PAGE + 8] && !pages[PAGE - 9]));
    CHECK(FINE, "ins of four bytes across two new pages", grant(PORT, 4);
          ins32(PORT, pages + PAGE - 6, 3); must(all_ones(pages + PAGE - 6, 12));
          must(!pages[PAGE + 6]));
    CHECK(FAULT, "ins across into read-only memory", grant(PORT, 2);
          ins16(PORT, pages + 2 * PAGE - 1, 1));
    CHECK(FAULT, "ins to read-only memory", grant(PORT, 1); ins8(PORT, pages + 2 * PAGE, 1));
    CHECK(FAULT, "ins to no memory", grant(PORT, 1); ins8(PORT, NOWHERE, 1));
    CHECK(FAULT, "ins without permission", ins8(PORT, pages, 1));
    CHECK(FINE, "outs", grant(PORT, 4); outs32(PORT, pages + 2 * PAGE - 6, 3));
    CHECK(FAULT, "outs from no memory", grant(PORT, 1); outs8(PORT, NOWHERE, 1));
    CHECK(FAULT, "outs without permission", outs16(PORT, pages, 1));
    CHECK(FAULT, "outs half without permission", grant(PORT, 1); outs16(PORT, pages, 1));
    CHECK(FINE, "ins of two bytes", grant(PORT, 2); ins16(PORT, pages, 1); must(all_ones(pages, 2));
          must(!pages[2]));
}

#ifdef __i386__
/* String instructions with 16-bit addresses, which only 32-bit code has: SI, DI and CX count. */
static void check_short_addresses(void)
{
    u8 *low = (u8 *)0xf000;
    word arguments[6] = {(word)low, PAGE, 3, 0x32, ~0ul, 0}; /* at that address */

    must(call(MMAP, (word)arguments, 0, 0, 0) == (long)low);
    CHECK(FINE, "ins with a 16-bit address", grant(PORT, 1); word to = 0x5550000 | (word)(low + 8);
          word count = 0x10003; __asm__ volatile("rep addr16 insb"
                                                 : "+D"(to), "+c"(count)
                                                 : "d"(PORT)
                                                 : "memory");
          must(to == (0x5550000 | (word)(low + 11)) && count == 0x10000);
          must(!low[7] && all_ones(low + 8, 3) && !low[11]));
    CHECK(FINE, "outs with a 16-bit address", grant(PORT, 2); word from = 0x5550000 | (word)low;
          __asm__ volatile("addr16 outsw"
                           : "+S"(from)
                           : "d"(PORT)
                           : "memory");
          must(from == (0x5550000 | (word)(low + 2))));
    CHECK(FAULT, "ins with a 16-bit address, without permission",
          __asm__ volatile("addr16 insb"
                           :
                           : "D"(low), "d"(PORT)
                           : "memory"));
}
#endif

static void check_level(void)
{
    CHECK(FINE, "iopl(3): any port", level(3); must(in8(PORT) == 0xff); out16(PORT);
          must(in32(NOBODY) == 0xffffffff); out32(0xfffc));
    CHECK(FAULT, "iopl(0) again", level(3); out8(PORT); level(0); out8(PORT));
    CHECK(FINE, "a port outlives the level", grant(PORT, 1); level(3); level(0); out8(PORT));
    CHECK(FAULT, "only that port", grant(PORT, 1); level(3); level(0); out8(PORT + 1));
    CHECK(FAULT, "iopl(1), iopl(2)", level(1); level(2); out8(PORT));
}

/* Uses a port while another process, which has none, runs on the same CPU in between. */
static void check_processes(void)
{
    CHECK(FINE, "a child has its parent's ports", grant(PORT, 1);
          CHECK(FINE, "in the child", out8(PORT)); out8(PORT); must(!failures));
    CHECK(FINE, "a child gives back its own", grant(PORT, 1);
          CHECK(FAULT, "in the child", revoke(PORT, 1); out8(PORT)); out8(PORT); must(!failures));
    CHECK(
        FINE, "turns", for (int i = 0; i < 5; i++) {
            CHECK(FINE, "with", grant(PORT, 1); out8(PORT); call(YIELD, 0, 0, 0, 0); out8(PORT));
            CHECK(FAULT, "without", call(YIELD, 0, 0, 0, 0); out8(PORT));
        } must(!failures));
    CHECK(FINE, "from one CPU to another", grant(PORT, 1); run_on(0); out8(PORT); run_on(1);
          out8(PORT); run_on(0); must(in8(PORT) == 0xff));
    CHECK(FAULT, "given back on another CPU", grant(PORT, 1); run_on(0); out8(PORT); run_on(1);
          revoke(PORT, 1); run_on(0); out8(PORT));
}

void program(void);
void program(void)
{
    check_one_port();
    check_widths();
    check_strings();
#ifdef __i386__
    check_short_addresses();
#endif
    check_level();
    check_processes();
    print(failures ? "ports: " WIDTH " FAILED\n" : "ports: " WIDTH " all right\n");
    leave(failures ? WRONG : FINE);
}
