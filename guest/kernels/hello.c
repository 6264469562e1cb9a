/* SPDX-License-Identifier: MIT */
/* The smallest kernel: it says where it runs. */
#include "guest/guest.h"

bool kernel_main(void)
{
    print("Hello from %s, %lu pages free\n", backend_name, pages_free());
    return true;
}
