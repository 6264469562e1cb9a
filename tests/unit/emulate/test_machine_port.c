/* SPDX-License-Identifier: MIT */
/* Proves which ports of the machine the privileged domain reaches, with accesses of every size at
 * every port: all but those of the devices that the hypervisor uses itself, of which no byte is
 * read or written; that other domains reach none; and that the PCI data ports lead to checked
 * accesses. */
#include "tests/unit/emulate/emulate_world.h"

#include "hypervisor/domain/rights.h"
#include "hypervisor/emulate/machine_port.h"

#define VALUE 0x12345678u

static int start(void **state)
{
    (void)state;
    memset(&test, 0, sizeof test);
    test.domain.privileged = true;
    test.port_value = VALUE;
    return 0;
}

static bool is_own(u32 port)
{
    return (port & ~1u) == 0x20 || (port & ~1u) == 0xa0 || (port >= 0x40 && port <= 0x43) ||
           port == 0x61 || (port >= 0x3f8 && port <= 0x3ff) || port == 0xcf8 ||
           (port >= 0xcfc && port <= 0xcff);
}

static bool touches_own(u32 port, u32 size)
{
    bool touches = false;

    for (u32 i = 0; i < size; i++) {
        touches |= is_own(port + i) || port + i > 0xffff;
    }
    return touches;
}

static void all_but_the_hypervisors(void **state)
{
    (void)state;
    for (u32 size = 1; size <= 4; size *= 2) {
        for (u32 port = 0; port <= 0xffff; port++) {
            if (touches_own(port, size)) {
                continue;
            }
            u32 reads = test.ports_read, writes = test.ports_written;
            assert_int_equal(machine_port_read(&test.domain, (u16)port, size), VALUE);
            assert_int_equal(test.last_size, size);
            machine_port_write(&test.domain, (u16)port, size, port);
            assert_int_equal(test.last_written, port);
            assert_int_equal(test.last_port, port);
            assert_int_equal(test.ports_read, reads + 1);
            assert_int_equal(test.ports_written, writes + 1);
        }
    }
}

static void none_of_the_hypervisors(void **state)
{
    static const u16 ports[] = {0x20, 0x21, 0x40, 0x41, 0xa0, 0xa1, 0x3f8, 0x3fb, 0x3ff};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(ports); i++) {
        for (u32 size = 1; size <= 4; size *= 2) {
            machine_port_write(&test.domain, ports[i], size, 0);
            (void)machine_port_read(&test.domain, ports[i], size);
            /* an access that only ends there */
            machine_port_write(&test.domain, (u16)(ports[i] - size + 1), size, 0);
        }
    }
    assert_int_equal(machine_port_read(&test.domain, 0xa1, 1), ~0u);
    assert_int_equal(machine_port_read(&test.domain, 0x40, 1), 0);
    assert_int_equal(machine_port_read(&test.domain, 0xfffe, 4), ~0u);
    assert_int_equal(test.ports_read + test.ports_written, 0);
}

static void nothing_without_privilege(void **state)
{
    (void)state;
    test.domain.privileged = false;
    for (u32 port = 0; port <= 0xffff; port++) {
        machine_port_write(&test.domain, (u16)port, 4, ~0u);
        assert_int_equal(machine_port_read(&test.domain, (u16)port, 1),
                         port >= 0x40 && port <= 0x42 ? 0 : ~0u);
    }
    assert_int_equal(test.ports_read + test.ports_written, 0);
    assert_int_equal(test.domain.pci_address, 0);
}

static void the_loudspeaker(void **state)
{
    (void)state;
    test.port_value = 0x30;
    machine_port_write(&test.domain, 0x61, 1, 0xff);
    assert_int_equal(test.last_written, 0x33); /* the gate and the loudspeaker alone */
    test.ports_written = 0;
    machine_port_write(&test.domain, 0x43, 1, 0x36); /* channel 0 */
    machine_port_write(&test.domain, 0x43, 1, 0xc2); /* all channels are latched */
    machine_port_write(&test.domain, 0x42, 2, 0);
    assert_int_equal(test.ports_written, 0);
    machine_port_write(&test.domain, 0x43, 1, 0xb6); /* channel 2 */
    machine_port_write(&test.domain, 0x42, 1, 0x12);
    assert_int_equal(test.ports_written, 2);
}

static void configuration_space(void **state)
{
    (void)state;
    machine_port_write(&test.domain, 0xcf8, 4, 0x80000000u | 0x123 << 8 | 0x44);
    assert_int_equal(machine_port_read(&test.domain, 0xcf8, 4), 0x80000000u | 0x123 << 8 | 0x44);
    assert_int_equal(test.ports_read + test.ports_written, 0);
    assert_int_equal(machine_port_read(&test.domain, 0xcfe, 2), 0x123u << 16 | 0x46 << 8 | 2);
    machine_port_write(&test.domain, 0xcff, 1, 0x77);
    assert_int_equal(test.last_port, 0x123); /* the function */
    assert_int_equal(test.last_size, 0x47 << 8 | 1);
    assert_int_equal(test.last_written, 0x77);
    assert_int_equal(machine_port_read(&test.domain, 0xcfe, 4), ~0u); /* beyond the data ports */
    assert_int_equal(machine_port_read(&test.domain, 0xcfd, 2), ~0u); /* not aligned */
    machine_port_write(&test.domain, 0xcf8, 4, 0x44);                 /* not switched on */
    assert_int_equal(machine_port_read(&test.domain, 0xcfc, 4), ~0u);
    machine_port_write(&test.domain, 0xcf8, 4, 0x81000044u); /* registers beyond these ports */
    assert_int_equal(machine_port_read(&test.domain, 0xcfc, 4), ~0u);
    machine_port_write(&test.domain, 0xcf9, 1, 6); /* the chipset's reset register */
    assert_int_equal(test.ports_written, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_but_the_hypervisors, start),
        cmocka_unit_test_setup(none_of_the_hypervisors, start),
        cmocka_unit_test_setup(nothing_without_privilege, start),
        cmocka_unit_test_setup(the_loudspeaker, start),
        cmocka_unit_test_setup(configuration_space, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
