// SPDX-License-Identifier: GPL-2.0
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "programs.h"
#include "util.h"

#define PAD_ZEROS	1	/* BPF_F_PAD_ZEROS */
#define DYNPTR_SIZE	16	/* of struct bpf_dynptr, on the program's stack */

/* BTF IDs of the kernel's functions; 0: the kernel lacks the function. */
enum kfunc {
	TASK_FROM_PID,
	TASK_RELEASE,
	COPY_STR,
	COPY_DYNPTR,
	COPY_STR_DYNPTR,
	NR_KFUNCS
};

static const char *const kfunc_names[NR_KFUNCS] = {
	[TASK_FROM_PID] = "bpf_task_from_pid",
	[TASK_RELEASE] = "bpf_task_release",
	[COPY_STR] = "bpf_copy_from_user_task_str",
	[COPY_DYNPTR] = "bpf_copy_from_user_task_dynptr",
	[COPY_STR_DYNPTR] = "bpf_copy_from_user_task_str_dynptr",
};

const char *const bpf_form_names[NR_BPF_FORMS] = {
	[BPF_MEMORY] = "bpf_copy_from_user_task",
	[BPF_MEMORY_DYNPTR] = "bpf_copy_from_user_task_dynptr",
	[BPF_STRING] = "bpf_copy_from_user_task_str",
	[BPF_STRING_PADDED] = "bpf_copy_from_user_task_str, padded",
	[BPF_STRING_DYNPTR] = "bpf_copy_from_user_task_str_dynptr",
};

static int kfunc_ids[NR_KFUNCS];
static int map;
static void *map_memory;

struct program {
	struct bpf_insn insns[40];
	size_t nr;
};

static void add(struct program *p, uint8_t code, int dst, int src, int off,
		int imm)
{
	if (p->nr == ARRAY_SIZE(p->insns))
		die("a BPF program is too long");
	p->insns[p->nr++] = (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off,
		.imm = imm,
	};
}

static void set_imm(struct program *p, int reg, int imm)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, imm);
}

static void set_reg(struct program *p, int reg, int from)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_X, reg, from, 0, 0);
}

static void set_64(struct program *p, int reg, int kind, uint32_t low,
		   uint32_t high)
{
	add(p, BPF_LD | BPF_DW | BPF_IMM, reg, kind, 0, low);
	add(p, 0, 0, 0, 0, high);
}

static void set_addr(struct program *p, int reg, unsigned long addr)
{
	set_64(p, reg, 0, addr, addr >> 32);
}

/* Set a register to the destination. */
static void set_memory(struct program *p, int reg)
{
	set_64(p, reg, BPF_PSEUDO_MAP_VALUE, map, 0);
}

static void set_dynptr(struct program *p, int reg)
{
	set_reg(p, reg, BPF_REG_10);
	add(p, BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, -DYNPTR_SIZE);
}

static void call_helper(struct program *p, int helper)
{
	add(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void call_kfunc(struct program *p, enum kfunc kfunc)
{
	add(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0,
	    kfunc_ids[kfunc]);
}

/* The task is in register 6. */
static void call_on_memory(struct program *p, enum bpf_form form,
			   unsigned long addr, size_t len)
{
	set_memory(p, BPF_REG_1);
	set_imm(p, BPF_REG_2, len);
	set_addr(p, BPF_REG_3, addr);
	set_reg(p, BPF_REG_4, BPF_REG_6);
	set_imm(p, BPF_REG_5, form == BPF_STRING_PADDED ? PAD_ZEROS : 0);
	if (form == BPF_MEMORY)
		call_helper(p, BPF_FUNC_copy_from_user_task);
	else
		call_kfunc(p, COPY_STR);
}

static void call_on_dynptr(struct program *p, enum bpf_form form,
			   unsigned long addr, size_t len)
{
	set_memory(p, BPF_REG_1);
	set_imm(p, BPF_REG_2, BPF_MOST);
	set_imm(p, BPF_REG_3, 0);
	set_dynptr(p, BPF_REG_4);
	call_helper(p, BPF_FUNC_dynptr_from_mem);

	set_dynptr(p, BPF_REG_1);
	set_imm(p, BPF_REG_2, 0);
	set_imm(p, BPF_REG_3, len);
	set_addr(p, BPF_REG_4, addr);
	set_reg(p, BPF_REG_5, BPF_REG_6);
	call_kfunc(p, form == BPF_MEMORY_DYNPTR ? COPY_DYNPTR :
						  COPY_STR_DYNPTR);
}

static void build(struct program *p, enum bpf_form form, pid_t pid,
		  unsigned long addr, size_t len)
{
	size_t jump;

	set_imm(p, BPF_REG_1, pid);
	call_kfunc(p, TASK_FROM_PID);
	set_reg(p, BPF_REG_6, BPF_REG_0);
	set_imm(p, BPF_REG_0, -ESRCH);
	jump = p->nr;
	add(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_6, 0, 0, 0);

	if (form == BPF_MEMORY_DYNPTR || form == BPF_STRING_DYNPTR)
		call_on_dynptr(p, form, addr, len);
	else
		call_on_memory(p, form, addr, len);
	set_reg(p, BPF_REG_7, BPF_REG_0);
	set_reg(p, BPF_REG_1, BPF_REG_6);
	call_kfunc(p, TASK_RELEASE);
	set_reg(p, BPF_REG_0, BPF_REG_7);

	p->insns[jump].off = p->nr - jump - 1;
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int load(const struct program *p)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .prog_flags = BPF_F_SLEEPABLE);
	static char log[16 * 1024];
	int fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "remote", "GPL",
			       p->insns, p->nr, &options);

	if (fd >= 0)
		return fd;
	options.log_level = 1;
	options.log_buf = log;
	options.log_size = sizeof(log);
	fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "remote", "GPL", p->insns,
			   p->nr, &options);
	if (fd < 0)
		die("the kernel refuses a BPF program: %s: %s",
		    strerror(errno), log);
	return fd;
}

void bpf_start(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	struct btf *btf = btf__load_vmlinux_btf();

	if (libbpf_get_error(btf))
		die("cannot read the kernel's BTF");
	for (size_t i = 0; i < NR_KFUNCS; i++) {
		int id = btf__find_by_name_kind(btf, kfunc_names[i],
						BTF_KIND_FUNC);

		kfunc_ids[i] = id > 0 ? id : 0;
	}
	btf__free(btf);

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "memory", 4, BPF_MOST, 1,
			     &options);
	if (map < 0)
		die("no BPF map: %s", strerror(errno));
	map_memory = mmap(NULL, BPF_MOST, PROT_READ | PROT_WRITE, MAP_SHARED,
			  map, 0);
	if (map_memory == MAP_FAILED)
		die("the BPF map cannot be mapped: %s", strerror(errno));
}

const char *bpf_lacks(enum bpf_form form)
{
	static const enum kfunc needs[NR_BPF_FORMS] = {
		[BPF_MEMORY] = TASK_FROM_PID,
		[BPF_MEMORY_DYNPTR] = COPY_DYNPTR,
		[BPF_STRING] = COPY_STR,
		[BPF_STRING_PADDED] = COPY_STR,
		[BPF_STRING_DYNPTR] = COPY_STR_DYNPTR,
	};

	return kfunc_ids[needs[form]] ? NULL : kfunc_names[needs[form]];
}

long bpf_read(enum bpf_form form, pid_t pid, unsigned long addr, void *buf,
	      size_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct program program = { 0 };
	int fd;

	if (len > BPF_MOST)
		die("no room for %zu bytes", len);
	build(&program, form, pid, addr, len);
	fd = load(&program);
	memcpy(map_memory, buf, len);
	if (bpf_prog_test_run_opts(fd, &options))
		die("a BPF program does not run: %s", strerror(errno));
	memcpy(buf, map_memory, len);
	close(fd);
	return (int)options.retval;
}

long bpf_length(enum bpf_form form, long ret, size_t len)
{
	if (ret < 0)
		return ret;
	if (form == BPF_MEMORY || form == BPF_MEMORY_DYNPTR)
		return len;
	return ret - 1;
}
