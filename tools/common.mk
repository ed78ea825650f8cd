# SPDX-License-Identifier: GPL-2.0
# Shared by the Makefiles of all directories.

TOP := $(patsubst %/tools/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
KERNEL ?= 6.12
ifneq ($(words $(KERNEL)),1)
$(error KERNEL is '$(KERNEL)': name one series, such as KERNEL=6.12)
endif
# A flavour of Debian's kernel, amd64 or rt-amd64; as KERNEL=6.12/amd64.
ifneq ($(filter-out cloud-amd64,$(FLAVOUR)),)
ifeq ($(findstring /,$(KERNEL)),)
override KERNEL := $(KERNEL)/$(FLAVOUR)
endif
endif
O := $(TOP)/build/$(KERNEL)
LAB := $(TOP)/lab/lab
PROVE := prove --timer

# The other targets print the missing packages, and the command to install them.
INSTALLING := demo check check-all deps
ifeq ($(filter $(INSTALLING),$(MAKECMDGOALS)),)
export LAB_INSTALL := no
endif

# Packages to build a kernel, with the compiler of Debian 12.
BUILD_PACKAGES := gcc-12 flex bison bc libelf-dev

MAKEFLAGS += --no-print-directory

.DELETE_ON_ERROR:
.NOTPARALLEL:
