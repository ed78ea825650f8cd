# SPDX-License-Identifier: GPL-2.0
# Builds $(LIB), the library of the programs that run in the guest. Included by Makefiles that link it. O: the build directory.

LIB_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
LIB := $(O)/lib.a
CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Werror -MMD -MP -I$(LIB_DIR)
# The compiler's ar, because another architecture's objects need it.
AR := $(or $(patsubst %gcc,%gcc-ar,$(filter %gcc,$(firstword $(CC)))),ar)

$(O)/lib/%.o: $(LIB_DIR)/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(LIB): $(patsubst $(LIB_DIR)/%.c,$(O)/lib/%.o,$(wildcard $(LIB_DIR)/*.c))
	rm -f $@
	$(AR) rcs $@ $^

-include $(O)/lib/*.d
