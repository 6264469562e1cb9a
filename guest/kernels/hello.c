/* SPDX-License-Identifier: MIT */
/* The smallest kernel: it prints the name of its backend. */
#include "guest/guest.h"

bool kernel_main(void)
{
    print("Hello from %s, %lu pages free\n", backend_name, pages_free());
    return true;
}
