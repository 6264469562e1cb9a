# SPDX-License-Identifier: MIT
# The flags that everything is compiled with, and those for programs of the host.
WARN := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla
COMMON := -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP
HOST_CFLAGS := $(COMMON) -D_GNU_SOURCE
$(eval $(call compiled,host,HOST_CFLAGS))
