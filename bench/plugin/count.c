// SPDX-License-Identifier: GPL-2.0
/*
 * A TCG plugin for QEMU: counts the instructions that the guest executes
 * between two markers.
 *
 *	-plugin count.so,out=FILE
 *
 * Each stretch from MARKER_BEGIN to MARKER_END is a section, numbered from 0.
 * Lines of FILE, addresses as 16 hexadecimal digits:
 *
 *		SECTION i ADDRESS COUNT			instructions executed there
 *	SECTION a ADDRESS DESTINATION COUNT	atomic ones of them, and where they
 *						write to: those of the kernel
 *						with a lock prefix, or xchg
 *
 * Only the CPU that passed the marker is counted, including its interrupts.
 * Blocks count as a whole, so the first and the last of a section are off by
 * some instructions.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../guest/marker.h"
#include "qemu-plugin.h"

#define KERNEL		(1ULL << 63)
#define HASH_BITS	13
#define MAX_ATOMICS	(1U << HASH_BITS)
#define MAX_INSN	15

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* A block of instructions; allocated once, never freed. */
struct block {
	struct block *next;	/* of the blocks that ran in this section */
	uint64_t count;
	size_t nr;
	uint64_t addr[];
};

struct atomic {
	uint64_t count, insn, dest;
};

static qemu_plugin_u64 counting;	/* for each vCPU: not 0 in a section */
static struct block *blocks;
static struct atomic atomics[MAX_ATOMICS];	/* by a hash of both addresses */
static unsigned int nr_atomics, section;
static FILE *out;

static void die(const char *what)
{
	fprintf(stderr, "count plugin: %s\n", what);
	exit(1);
}

static void block_ran(unsigned int vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	if (!block->count++) {
		block->next = blocks;
		blocks = block;
	}
}

static void atomic_ran(unsigned int vcpu, qemu_plugin_meminfo_t info,
		       uint64_t dest, void *data)
{
	uint64_t insn = (uintptr_t)data;
	unsigned int i = ((insn * 31 + dest) * 0x9e3779b97f4a7c15ULL) >>
			 (64 - HASH_BITS);
	struct atomic *a;

	(void)info;
	if (!qemu_plugin_u64_get(counting, vcpu))
		return;
	for (;; i++) {
		a = &atomics[i % MAX_ATOMICS];
		if (!a->count || (a->insn == insn && a->dest == dest))
			break;
	}
	if (!a->count && ++nr_atomics > MAX_ATOMICS / 2)
		die("atomic instructions write to too many places");
	a->insn = insn;
	a->dest = dest;
	a->count++;
}

static void section_begin(unsigned int vcpu, void *unused)
{
	(void)unused;
	qemu_plugin_u64_set(counting, vcpu, 1);
}

static void section_end(unsigned int vcpu, void *unused)
{
	struct block *block;
	struct atomic *a;

	(void)unused;
	qemu_plugin_u64_set(counting, vcpu, 0);
	for (; blocks; blocks = block->next) {
		block = blocks;
		for (size_t i = 0; i < block->nr; i++)
			fprintf(out, "%u i %016lx %lu\n", section,
				block->addr[i], block->count);
		block->count = 0;
	}
	for (a = atomics; a < atomics + MAX_ATOMICS; a++) {
		if (a->count)
			fprintf(out, "%u a %016lx %016lx %lu\n", section,
				a->insn, a->dest, a->count);
		a->count = 0;
	}
	if (fflush(out))
		die("cannot write; is the disk full?");
	nr_atomics = 0;
	section++;
}

/* Decodes the instruction's bytes, as in the processor manuals. */
static bool is_atomic(const uint8_t *byte, size_t len)
{
	static const uint8_t prefixes[] = {
		0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67
	};
	bool lock = false;
	size_t i;

	for (i = 0; i < len && memchr(prefixes, byte[i], sizeof(prefixes)); i++)
		lock |= byte[i] == 0xf0;
	if (lock)
		return true;
	if (i < len && (byte[i] & 0xf0) == 0x40)	/* REX */
		i++;
	/* xchg with memory */
	return i + 1 < len && (byte[i] & 0xfe) == 0x86 && byte[i + 1] < 0xc0;
}

/* Is it nopl with this displacement? */
static bool is_marker(const uint8_t *byte, size_t len, uint32_t displacement)
{
	return len == 8 && !memcmp(byte, "\x0f\x1f\x84\x00", 4) &&
	       !memcmp(byte + 4, &displacement, 4);
}

static void translated_insn(struct qemu_plugin_insn *insn, uint64_t addr)
{
	uint8_t byte[MAX_INSN];
	size_t len = qemu_plugin_insn_data(insn, byte, sizeof(byte));

	if (is_marker(byte, len, MARKER_BEGIN))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, section_begin,
						       QEMU_PLUGIN_CB_NO_REGS,
						       NULL);
	if (is_marker(byte, len, MARKER_END))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, section_end,
						       QEMU_PLUGIN_CB_NO_REGS,
						       NULL);
	if ((addr & KERNEL) && is_atomic(byte, len))
		qemu_plugin_register_vcpu_mem_cb(insn, atomic_ran,
						 QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_W,
						 (void *)(uintptr_t)addr);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t nr = qemu_plugin_tb_n_insns(tb);
	struct block *block = calloc(1, sizeof(*block) +
					nr * sizeof(block->addr[0]));

	(void)id;
	if (!block)
		die("no memory");
	block->nr = nr;
	for (size_t i = 0; i < nr; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		block->addr[i] = qemu_plugin_insn_vaddr(insn);
		translated_insn(insn, block->addr[i]);
	}
	qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, block_ran,
						  QEMU_PLUGIN_CB_NO_REGS,
						  QEMU_PLUGIN_COND_NE, counting,
						  0, block);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "count plugin: say out=FILE, and nothing else\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		fprintf(stderr, "count plugin: cannot write %s\n", argv[0] + 4);
		return -1;
	}
	counting.score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
