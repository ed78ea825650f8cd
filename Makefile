# SPDX-License-Identifier: GPL-2.0
# The front door: `make help` lists what there is.

# make splits at blanks whatever one does.
ifneq ($(words $(MAKEFILE_LIST)) $(words $(abspath $(lastword $(MAKEFILE_LIST)))),1 1)
$(error the path of this checkout has a blank in it: move it to one without)
endif

include $(dir $(lastword $(MAKEFILE_LIST)))tools/common.mk

# A host of another Debian release; not from the environment, where some shells have the host's name.
ifeq ($(origin HOST),command line)
ON_HOST := demo check check-all
ifneq ($(filter-out $(ON_HOST),$(or $(MAKECMDGOALS),help)),)
$(error HOST=$(HOST) is for these only: $(ON_HOST))
endif

.PHONY: $(ON_HOST)

# With a build/ of its own, because programs there have other libraries.
$(ON_HOST):
	@mkdir -p $(TOP)/build/$(HOST)
	@$(LAB) on $(HOST) -b $(TOP) -b $(TOP)/build/$(HOST):$(TOP)/build -- \
		make -C $(TOP) $@ $(foreach v,KERNEL JOBS TESTS KERNELS,$(if $($(v)),$(v)='$($(v))'))
else

# How many guests at a time, each of which has two CPUs. JOBS=2 is faster for `make check`, too, where the machine is idle
# otherwise; what breaks mutants may be slow.
JOBS ?= 1
MUTANT_JOBS ?= $(shell n=$$(nproc); echo $$((n > 8 ? 8 : n)))

# Packages for the host: a compiler, the libraries of the tools, prove's perl.
HOST_PACKAGES := gcc make libc6-dev libelf-dev libcmocka-dev perl binutils
COMMAND_PACKAGES := libkmod-dev libjson-c-dev zlib1g-dev
# The 32-bit side of the tests; not gcc-multilib, which excludes the cross compilers of other architectures.
TEST_PACKAGES = gcc-$(shell gcc -dumpversion | cut -d. -f1)-multilib libc6-dev-i386 libbpf-dev mandoc bsdextrautils e2fsprogs
LINT_PACKAGES := shellcheck git perl
MODEL_PACKAGES := spin gcc libc6-dev
DEB_PACKAGES := dpkg-dev debhelper dh-dkms gcc make libc6-dev $(COMMAND_PACKAGES)
RPM_PACKAGES := rpm rpmlint cpio gcc make libc6-dev $(COMMAND_PACKAGES)
# For what whole configurations have: BTF, signed modules, a compressed kernel
CONFIG_PACKAGES := dwarves openssl libssl-dev xz-utils zstd cpio
ROOTFS_PACKAGES := lintian mmdebstrap e2fsprogs

.PHONY: help help-all demo bench check check-all supported check-mutants check-torture torture check-debug check-options check-clang check-config check-machines machines fuzz check-model module \
	command deb rpm check-rpm options deps tests tools series check-series check-mainline check-boots check-selftest check-packages check-looks looks \
	shell lint clean need

help:
	@echo 'Everyday:'
	@echo '  make demo            three incidents in a virtual machine, stock and with vmapeek (needs root once, for packages)'
	@echo '  make check           run the tests, except those under Evidence and in make help-all; TESTS="lock maps": only these'
	@echo '  make module          build vmapeek.ko for the kernel under test, into build/KERNEL/'
	@echo '  make shell           start a shell in a virtual machine, with the modules and the tests'
	@echo '  make lint            check the style of scripts, kernel code and prose, and the numbers in documents'
	@echo 'Evidence:'
	@echo '  make check-mutants   break each rule on purpose, and require that the named test fails'
	@echo '  make torture         race reads with every kind of change to the memory; MINUTES=1 WHICH=stock (debug, kcsan, series)'
	@echo '  make check-model     search the model of the lock protocol for errors'
	@echo '  make bench           measure gains and costs, into build/bench/; parts: make -C bench help'
	@echo '  make check-mainline  build a kernel with and without the series, and test both; more: make -C mainline help'
	@echo 'Ship:'
	@echo '  make deb             Debian packages of command and module, into build/deb/; see docs/packages.md'
	@echo '  make rpm             RPM packages of the same, into build/rpm/'
	@echo '  make series          patches for the source of KERNEL, into build/series/KERNEL/'
	@echo
	@echo 'As root, make deps installs the packages for all targets; demo and check install theirs. The others print the names.'
	@echo 'KERNEL=6.12 or 7.3 selects the series of the kernel, FLAVOUR=amd64 or rt-amd64 another flavour than cloud.'
	@echo 'HOST=trixie or bookworm runs demo or check in a Debian 13 or 12 that the lab makes, as root.'
	@echo 'All other targets: make help-all'

help-all: help
	@echo
	@echo 'Other targets:'
	@echo '  make tests           build the modules and the test programs'
	@echo '  make check-all       make check on each supported stock kernel in turn'
	@echo '  make check-packages  install, upgrade and remove the Debian packages in a whole Debian system, with Secure Boot'
	@echo '  make check-rpm       compare the RPM packages with the Debian packages'
	@echo '  make check-looks     run some sixty tools (ps, lsof, perf) on a stuck process, in a whole Debian system'
	@echo '  make check-torture   break rules on purpose, and require that the torture detects it'
	@echo '  make check-debug     run the tests of VMA locks on the debug kernel of the torture; TESTS="maps wedge"'
	@echo '  make check-options   the same on a kernel with options of other distributions: names of memory, frame pointers'
	@echo '  make check-clang     the same on a kernel that clang built, with control flow integrity (kCFI)'
	@echo '  make check-config    run tests on a kernel with the configuration CONFIG=FILE of another distribution; CLANG=16 for clang 16'
	@echo '  make check-machines  run tests on guests with other CPUs, memory, NUMA nodes and swap; MACHINES="numa no-la57" TESTS=...'
	@echo '  make fuzz            compare random reads, stock and with vmapeek; SEED=1 ROUNDS=4 READS=2750'
	@echo '  make command         build the command vmapeek for operators, into build/command/'
	@echo '  make looks           write the tables of docs/looks.md and README.md, from bench/record/*/looks.tsv'
	@echo '  make supported       write the table of supported kernels in README.md, from what make check noted'
	@echo '  make options         write the table of options in docs/your-kernel.md, from kernel/compat/options'
	@echo '  make machines        write the table of machines in docs/your-kernel.md, from bench/record/*/machines.tsv'
	@echo '  make check-series, check-boots, check-selftest: see make -C mainline help'
	@echo '  make clean           remove build/ (downloads stay in the cache)'
	@echo
	@$(MAKE) -C $(TOP)/bench help
	@echo
	@$(MAKE) -C $(TOP)/mainline help

# With the module: what the kernel's headers ask for.
deps: module
	@$(LAB) need $(HOST_PACKAGES) $(COMMAND_PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES) $(MODEL_PACKAGES) $(DEB_PACKAGES) \
		$(RPM_PACKAGES) $(ROOTFS_PACKAGES) $(BUILD_PACKAGES) coccinelle

need:
	@$(LAB) need $(HOST_PACKAGES)

tools: need
	@$(MAKE) -s -C $(TOP)/klp-link O=$(TOP)/build/klp-link

module: tools
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/kernel vmapeek $(O)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/kernel vmapeek_maps $(O)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules hold_mmap_lock $(O)

command: need
	@$(LAB) need $(COMMAND_PACKAGES)
	@$(MAKE) -s -C $(TOP)/command O=$(TOP)/build/command

deb:
	@$(LAB) need $(DEB_PACKAGES)
	@$(TOP)/tools/build-deb $(TOP)/build/deb

rpm:
	@$(LAB) need $(RPM_PACKAGES)
	@$(TOP)/tools/build-rpm $(TOP)/build/rpm

demo: module command
	@$(LAB) need e2fsprogs
	@$(TOP)/demo/demo $(KERNEL) $(O) $(TOP)/build/command/vmapeek

bench:
	@$(MAKE) -C $(TOP)/bench all

tests: module command
	@$(LAB) need $(TEST_PACKAGES)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules toy_livepatch $(O)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules fail_alloc $(O)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules pause_fault $(O)
	@$(TOP)/tools/build-module $(KERNEL) $(TOP)/tests/modules pause_show $(O)
	@$(MAKE) -s -C $(TOP)/tests
	@$(MAKE) -s -C $(TOP)/command tests O=$(TOP)/build/command
	@$(MAKE) -s -C $(TOP)/klp-link $(TOP)/build/klp-link/klp-fuzz O=$(TOP)/build/klp-link

# The longest tests run first, so that with JOBS no guest runs alone at the end; tests of seconds run last.
LONGEST := $(patsubst %,$(TOP)/tests/%.t,maps-switching switching interference fuzz readv-fuzz hole order) $(TOP)/lab/test/boot.t \
	$(patsubst %,$(TOP)/tests/%.t,command readv-moment semantics-readv)
# Not the torture: a short run does not reach every row. Of the tests of the series, those that need no kernel source.
CHECKS := $(filter-out %/torture.t $(LONGEST),$(wildcard $(TOP)/tests/*.t $(addprefix $(TOP)/,bench/test/*.t command/test/*.t \
	klp-link/test/*.t lab/test/*.t dkms/test/*.t tools/test/*.t))) $(TOP)/mainline/test/untag.t

# TESTS="lock hole tools/test/supported.t": only these. `make supported` does not count such a run.
CHOSEN := $(foreach t,$(TESTS),$(TOP)/$(if $(findstring /,$(t)),$(t),tests/$(t).t))

check: tests
	@KERNEL=$(KERNEL) KLP_LINK=$(TOP)/build/klp-link/klp-link KLP_FUZZ=$(TOP)/build/klp-link/klp-fuzz \
		VMAPEEK=$(TOP)/build/command/vmapeek \
		$(if $(TESTS),$(PROVE) -j $(JOBS) $(CHOSEN),JOBS=$(JOBS) $(TOP)/tools/check $(KERNEL) $(O) $(PROVE) $(LONGEST) $(CHECKS))

# Stock kernels; CONTRIBUTING.md says what it takes to become one.
KERNELS := 6.12 7.3

check-all:
	@for kernel in $(KERNELS); do $(MAKE) check KERNEL=$$kernel || exit; done

# From what `make check` has noted, now and earlier.
supported:
	@$(TOP)/tools/supported $(TOP)/tests/passed.tsv $(TOP)/build $(TOP)/README.md $(TOP)/docs/your-kernel.md

# From kernel/compat/options.
options:
	@$(TOP)/tools/options $(TOP)/docs/your-kernel.md

check-mutants: tests
	@KERNEL=$(KERNEL) JOBS=$(MUTANT_JOBS) $(PROVE) -v $(TOP)/tests/mutants/mutants.t

# See docs/torture.md. `series` needs the patches of KERNEL first.
WHICH ?= stock
MINUTES ?= 1
INSTRUMENTED := debug kcsan series

torture: tests $(if $(filter series,$(WHICH)),series)
	@$(if $(filter $(INSTRUMENTED),$(WHICH)),$(LAB) need $(BUILD_PACKAGES))
	@KERNEL=$(KERNEL) WHICH=$(WHICH) $(TOP)/tests/torture/run $$(($(MINUTES) * 60)) $(SEED)

check-torture: tests
	@$(if $(filter $(INSTRUMENTED),$(WHICH)),$(LAB) need $(BUILD_PACKAGES))
	@KERNEL=$(KERNEL) WHICH=$(WHICH) $(TOP)/tests/torture/teeth

check-debug: tests
	@$(LAB) need $(BUILD_PACKAGES)
	@KERNEL=$(KERNEL) JOBS=$(JOBS) $(TOP)/tests/on-debug $(TESTS)

# Tests of what depends on the options of tests/torture/config-other.
OPTIONS_TESTS := maps maps-query maps-race maps-scan maps-wedge lock wedge switching maps-switching loading semantics-range \
	semantics-readv

# Debian 12's oldest that builds the series with control flow integrity.
CLANG_VERSION := $(if $(filter 6.12%,$(KERNEL)),16,19)
# Those without PAGEMAP_SCAN, which stays with a kernel that clang built.
CLANG_TESTS := $(filter-out maps-scan maps-wedge maps-switching,$(OPTIONS_TESTS)) hole words

check-options: tests
	@$(LAB) need $(BUILD_PACKAGES)
	@KERNEL=$(KERNEL) JOBS=$(JOBS) KIND=other $(TOP)/tests/on-debug $(or $(TESTS),$(OPTIONS_TESTS))

check-clang: tests
	@$(LAB) need $(BUILD_PACKAGES) $(patsubst %,%-$(CLANG_VERSION),clang lld llvm)
	@KERNEL=$(KERNEL) JOBS=$(JOBS) KIND=clang CC=clang-$(CLANG_VERSION) $(TOP)/tests/on-debug $(or $(TESTS),$(CLANG_TESTS))

# See docs/your-kernel.md.
check-config: tests
	@$(if $(CONFIG),,echo 'make: CONFIG=FILE names the configuration of a kernel' >&2; exit 1)
	@$(LAB) need $(BUILD_PACKAGES) $(CONFIG_PACKAGES) $(if $(CLANG),$(patsubst %,%-$(CLANG),clang lld llvm))
	@KERNEL=$(KERNEL) JOBS=$(JOBS) CC=$(patsubst %,clang-%,$(CLANG)) $(TOP)/tests/on-config '$(CONFIG)' $(TESTS)

# The machines are in tests/machines/list, the results in $(O)/machines.tsv; copy it to bench/record/, and `make machines` writes the
# table of docs/your-kernel.md.
check-machines: tests
	@KERNEL=$(KERNEL) TESTS='$(TESTS)' $(TOP)/tests/on-machines $(MACHINES)

machines:
	@$(TOP)/tools/machines $(TOP)/docs/your-kernel.md $(foreach k,$(KERNELS),$(addprefix $(k)=,$(wildcard $(TOP)/bench/record/$(k)/machines.tsv)))

fuzz: tests
	@KERNEL=$(KERNEL) $(TOP)/tests/fuzz.t $(SEED) $(ROUNDS) $(READS)

check-model:
	@$(LAB) need $(MODEL_PACKAGES)
	@$(PROVE) -v $(TOP)/model/check

# Patches for the kernel's own source; see mainline/README.md. ARCH=arm64 and PAGES=16k are for check-mainline.
series check-series check-mainline check-boots check-selftest:
	@$(MAKE) -C $(TOP)/mainline $@

check-packages:
	@$(LAB) need $(DEB_PACKAGES) $(ROOTFS_PACKAGES)
	@KERNEL=$(KERNEL) $(PROVE) -v $(TOP)/tests/packages/packages.t

check-rpm:
	@$(LAB) need $(DEB_PACKAGES) $(RPM_PACKAGES)
	@$(PROVE) -v $(TOP)/rpm/test/rpm.t

# The results are in $(O)/looks.tsv; copy it to bench/record/, and `make looks` writes the tables of docs/looks.md and
# README.md. STATES="lock ice" tries only these.
check-looks: tests
	@$(LAB) need $(ROOTFS_PACKAGES)
	@KERNEL=$(KERNEL) $(PROVE) -v $(TOP)/tests/looks/looks.t $(if $(STATES),:: $(STATES))

looks:
	@$(TOP)/tests/looks/table $(TOP)/docs/looks.md $(TOP)/README.md $(foreach k,$(KERNELS),$(addprefix $(k)=,$(wildcard $(TOP)/bench/record/$(k)/looks.tsv)))

shell: tests
	@echo 'The guest has /vmapeek.ko and the tests; /run-test lock runs one. exit ends the guest.'
	@$(LAB) shell -k $(KERNEL) -m 1536 -M zram -f $(O)/vmapeek.ko:/vmapeek.ko \
		-f $(O)/vmapeek_maps.ko:/vmapeek_maps.ko -f $(O)/hold_mmap_lock.ko:/hold_mmap_lock.ko -f $(TOP)/tests/guest/run:/run-test \
		-f $(TOP)/build/command/vmapeek \
		$(foreach t,$(notdir $(basename $(wildcard $(TOP)/tests/guest/*.c))),-f $(TOP)/build/tests/$(t)) || true

lint:
	@$(LAB) need $(LINT_PACKAGES)
	@$(TOP)/tools/lint

clean:
	rm -rf '$(TOP)/build'

endif
