# SPDX-License-Identifier: GPL-2.0
# The front door: `make help` lists what there is.

# make splits at blanks whatever one does.
ifneq ($(words $(MAKEFILE_LIST)) $(words $(abspath $(lastword $(MAKEFILE_LIST)))),1 1)
$(error the path of this checkout has a blank in it: move it to one without)
endif

TOP := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
KERNEL ?= 6.12
ifneq ($(words $(KERNEL)),1)
$(error KERNEL is '$(KERNEL)': name one series, such as KERNEL=6.12)
endif
O := $(TOP)/build/$(KERNEL)
LAB := $(TOP)/lab/lab
# How many guests at a time, each of which has two CPUs. JOBS=2 is faster for `make check`, too, where the machine is idle
# otherwise; what breaks mutants may be slow.
JOBS ?= 1
MUTANT_JOBS ?= $(shell n=$$(nproc); echo $$((n > 8 ? 8 : n)))
PROVE := prove --timer

# What the host needs: a compiler, the libraries of the tools, prove's perl.
HOST_PACKAGES := gcc make libc6-dev libelf-dev libcmocka-dev perl binutils
GCC_VERSION = $(shell gcc -dumpversion | cut -d. -f1)

MAKEFLAGS += --no-print-directory

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo bench bench-quick bench-plots bench-tracepoint check check-all supported check-mutants check-torture torture fuzz check-model module command deb tools tests series check-series check-mainline check-selftest check-packages shell lint clean need

help:
	@echo 'make demo           see it work on a stock kernel, live (needs root once, to install packages)'
	@echo 'make check          run all tests'
	@echo 'make check-all      the same, on each supported stock kernel in turn'
	@echo 'make supported      write the table of supported kernels in README.md, from what passed'
	@echo 'make check-mutants  break each rule on purpose and see a test fail'
	@echo 'make torture        reads while what is read changes in all ways; MINUTES=1 WHICH=stock (debug, kcsan, series)'
	@echo 'make check-torture  the same with rules broken on purpose, which it must see'
	@echo 'make fuzz           random reads, stock and with vmapeek; SEED=1 ROUNDS=4 READS=2750'
	@echo 'make bench          measure what vmapeek gives and costs, into build/bench/; bench-quick: only instructions'
	@echo 'make bench-plots    draw the plots in docs/ from bench/record/'
	@echo 'make bench-tracepoint  the instructions with and without the tracepoint, which is off'
	@echo 'make check-model    search the model of the lock protocol for errors'
	@echo 'make module         build vmapeek.ko for the kernel under test, into build/KERNEL/'
	@echo 'make command        build the command vmapeek for operators, into build/command/'
	@echo 'make deb            Debian packages of both, into build/deb/; see docs/packages.md'
	@echo 'make series         patches for the source of KERNEL (6.12, 7.3), into build/series/KERNEL/'
	@echo 'make check-series   builds what each of them touches, also for other architectures'
	@echo 'make check-mainline builds that kernel with and without them, and tests both; ARCH=arm64 [PAGES=16k]'
	@echo 'make check-selftest breaks that kernel on purpose and sees the kselftest of the series fail'
	@echo 'make check-packages installs the Debian packages in a whole Debian system, upgrades and removes them'
	@echo 'make shell          a shell in a virtual machine with the module and the tests in it'
	@echo 'make lint           style of scripts, kernel code and prose'
	@echo 'make clean          remove build/ (downloads stay in the cache)'
	@echo
	@echo 'KERNEL=6.12 or 7.3 chooses the series of the kernel.'

need:
	@$(LAB) need $(HOST_PACKAGES)

tools: need
	@$(MAKE) -s -C $(TOP)/tools O=$(TOP)/build/tools

module: tools
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/kernel vmapeek $(O)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules hold_mmap_lock $(O)

command: need
	@$(LAB) need libkmod-dev libjson-c-dev zlib1g-dev
	@$(MAKE) -s -C $(TOP)/command O=$(TOP)/build/command

deb:
	@$(LAB) need dpkg-dev debhelper dh-dkms gcc make libc6-dev libkmod-dev libjson-c-dev zlib1g-dev
	@$(TOP)/tools/build-deb $(TOP)/build/deb

demo: module
	@$(TOP)/demo/demo $(KERNEL) $(O)

# bench/record/ has the data of one good run: cp build/bench/{instructions,breakdown,atomics,immunity,harm,scale,program}.tsv
# bench/record/6.12/ && make bench-plots
bench: module
	@$(TOP)/bench/instructions -r 3 $(KERNEL) $(O)
	@$(TOP)/bench/breakdown $(KERNEL) $(O)
	@$(TOP)/bench/immunity $(KERNEL) $(O)
	@$(TOP)/bench/harm $(KERNEL) $(O)
	@$(TOP)/bench/scale $(KERNEL) $(O)
	@$(TOP)/bench/program $(KERNEL) $(O)

bench-quick: module
	@$(TOP)/bench/instructions -q -r 1 $(KERNEL) $(O)
	@$(TOP)/bench/breakdown $(KERNEL) $(O)

bench-plots:
	@$(LAB) need gnuplot-nox
	@cd $(TOP) && gnuplot bench/plots.gp

bench-tracepoint: module
	@$(TOP)/bench/tracepoint $(KERNEL) $(O)

# The 32-bit side of the tests; not gcc-multilib, which excludes the cross
# compilers of other architectures.
tests: module command
	@$(LAB) need gcc-$(GCC_VERSION)-multilib libc6-dev-i386 mandoc
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules toy_livepatch $(O)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules fail_alloc $(O)
	@$(MAKE) -s -C $(TOP)/tests
	@$(MAKE) -s -C $(TOP)/command tests O=$(TOP)/build/command
	@$(MAKE) -s -C $(TOP)/tools $(TOP)/build/tools/klp-fuzz O=$(TOP)/build/tools

# Not the torture: in a short run it does not always get to each row. Of the series' tests, those that need no kernel source.
check: tests
	@KERNEL=$(KERNEL) KLP_LINK=$(TOP)/build/tools/klp-link KLP_FUZZ=$(TOP)/build/tools/klp-fuzz \
		VMAPEEK=$(TOP)/build/command/vmapeek \
		$(TOP)/tools/check $(KERNEL) $(O) $(PROVE) -j $(JOBS) $(TOP)/tools/test/*.t $(TOP)/dkms/test/*.t $(TOP)/lab/test/*.t \
		$(TOP)/command/test/*.t $(TOP)/bench/test/*.t $(addprefix $(TOP)/mainline/test/,kernels.t untag.t) \
		$(filter-out %/torture.t,$(wildcard $(TOP)/tests/*.t))

# Stock kernels; CONTRIBUTING.md says what it takes to become one.
KERNELS := 6.12 7.3

check-all:
	@for kernel in $(KERNELS); do $(MAKE) check KERNEL=$$kernel || exit; done

# From what `make check` has noted.
supported:
	@$(TOP)/tools/supported $(TOP)/README.md $(TOP)/build $(KERNELS)

check-mutants: tests
	@KERNEL=$(KERNEL) JOBS=$(MUTANT_JOBS) $(PROVE) -v $(TOP)/tests/mutants/mutants.t

# See docs/torture.md. `series` needs the patches of KERNEL first.
WHICH ?= stock
MINUTES ?= 1
INSTRUMENTED := debug kcsan series

torture: tests $(if $(filter series,$(WHICH)),series)
	@$(if $(filter $(INSTRUMENTED),$(WHICH)),$(LAB) need gcc-12 flex bison bc libelf-dev)
	@KERNEL=$(KERNEL) WHICH=$(WHICH) $(TOP)/tests/torture/run $$(($(MINUTES) * 60)) $(SEED)

check-torture: tests
	@$(if $(filter $(INSTRUMENTED),$(WHICH)),$(LAB) need gcc-12 flex bison bc libelf-dev)
	@KERNEL=$(KERNEL) WHICH=$(WHICH) $(TOP)/tests/torture/teeth

fuzz: tests
	@KERNEL=$(KERNEL) $(TOP)/tests/fuzz.t $(SEED) $(ROUNDS) $(READS)

check-model:
	@$(LAB) need spin gcc libc6-dev
	@$(PROVE) -v $(TOP)/model/check

# Patches for the kernel's own source; see mainline/README.md. ARCH=arm64 and PAGES=16k are for check-mainline.
series: need
	@$(LAB) need coccinelle git
	@$(TOP)/mainline/series $(KERNEL) $(TOP)/build/series/$(KERNEL)

check-series: series
	@$(LAB) need gcc-12 flex bison bc libssl-dev sparse gcc-aarch64-linux-gnu gcc-riscv64-linux-gnu
	@KERNEL=$(KERNEL) $(PROVE) $(TOP)/mainline/test/*.t
	@$(TOP)/mainline/check-builds $(KERNEL) $(TOP)/build/series/$(KERNEL)

check-selftest: series
	@$(LAB) need gcc-12 flex bison bc
	@mkdir -p $(TOP)/build/tests
	@$(PROVE) -v $(TOP)/mainline/check-selftest :: $(KERNEL) $(TOP)/build/series/$(KERNEL)

check-mainline: need
	@$(LAB) need coccinelle git gcc-12 flex bison bc gcc-$(GCC_VERSION)-multilib libc6-dev-i386 \
		$(if $(filter arm64,$(ARCH)),gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
	@$(MAKE) -s -C $(TOP)/tests
	@$(TOP)/mainline/check $(KERNEL) $(TOP)/build/series/$(KERNEL)

check-packages:
	@$(LAB) need dpkg-dev debhelper dh-dkms gcc make libc6-dev libkmod-dev libjson-c-dev zlib1g-dev lintian mmdebstrap e2fsprogs
	@KERNEL=$(KERNEL) $(PROVE) -v $(TOP)/tests/packages/packages.t

shell: tests
	@echo 'In the guest: /vmapeek.ko, and the tests: try /run-test lock. Leave with exit.'
	@$(LAB) shell -k $(KERNEL) -m 1536 -M zram -f $(O)/vmapeek.ko:/vmapeek.ko \
		-f $(O)/hold_mmap_lock.ko:/hold_mmap_lock.ko -f $(TOP)/tests/guest/run:/run-test \
		-f $(TOP)/build/command/vmapeek \
		$(foreach t,$(filter-out command,$(notdir $(basename $(wildcard $(TOP)/tests/*.t)))) helper32,-f $(TOP)/build/tests/$(t)) || true

lint:
	@$(LAB) need shellcheck git perl
	@$(TOP)/tools/lint

clean:
	rm -rf '$(TOP)/build'
