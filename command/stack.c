// SPDX-License-Identifier: GPL-2.0
/*
 * The functions below are those of Linux 6.12 and 7.3 that call
 * mmap_read_lock(), mmap_write_lock(), vma_start_write() or
 * down_read(&exec_update_lock), and the callers that the compiler may inline
 * them into.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "stack.h"

#define SIZE(array)	(sizeof(array) / sizeof(*(array)))

struct place {
	const char *function;
	enum waits waits;
	enum whose whose;
};

#define OWN_READ(f)	{ f, WAITS_MMAP_READ, WHOSE_OWN }
#define OWN_WRITE(f)	{ f, WAITS_MMAP_WRITE, WHOSE_OWN }
#define OWN_VMA(f)	{ f, WAITS_VMA, WHOSE_OWN }
#define OWN_EITHER(f)	{ f, WAITS_MMAP_OR_VMA, WHOSE_OWN }
#define OTHER_READ(f)	{ f, WAITS_MMAP_READ, WHOSE_OTHER }
#define OTHER_WRITE(f)	{ f, WAITS_MMAP_WRITE, WHOSE_OTHER }
#define ANY_READ(f)	{ f, WAITS_MMAP_READ, WHOSE_UNKNOWN }
#define ANY_WRITE(f)	{ f, WAITS_MMAP_WRITE, WHOSE_UNKNOWN }
#define EXEC(f)		{ f, WAITS_EXEC, WHOSE_OTHER }

/* System calls are without __x64_sys_ and the like. */
static const struct place places[] = {
	/* Page faults, exit() and exec() */
	OWN_READ("lock_mm_and_find_vma"), OWN_READ("do_user_addr_fault"),
	OWN_READ("get_mmap_lock_carefully"),
	OWN_WRITE("upgrade_mmap_lock_carefully"), OWN_WRITE("expand_stack"),
	OWN_READ("mmap_read_lock_maybe_expand"),
	OWN_READ("exit_mm"), OWN_READ("acct_collect"),
	OWN_WRITE("exit_mmap"), OWN_READ("begin_new_exec"),
	OWN_READ("exec_mmap"), OWN_WRITE("dump_vma_snapshot"),
	OWN_WRITE("do_coredump"), OWN_WRITE("vfs_coredump"),
	OWN_WRITE("__khugepaged_exit"), OWN_WRITE("__ksm_exit"),

	/* System calls about memory */
	OWN_WRITE("__vm_munmap"), OWN_WRITE("vm_munmap"),
	OWN_WRITE("sys_munmap"), OWN_WRITE("vm_mmap_pgoff"),
	OWN_WRITE("do_mprotect_pkey"), OWN_WRITE("sys_mprotect"),
	OWN_WRITE("sys_pkey_mprotect"), OWN_WRITE("sys_pkey_alloc"),
	OWN_WRITE("sys_pkey_free"), OWN_WRITE("sys_brk"),
	OWN_WRITE("vm_brk_flags"), OWN_WRITE("sys_mremap"),
	OWN_WRITE("do_mremap"), OWN_WRITE("mremap"),
	OWN_WRITE("sys_remap_file_pages"), OWN_WRITE("do_mlock"),
	OWN_WRITE("sys_mlock"), OWN_WRITE("sys_mlock2"),
	OWN_WRITE("sys_munlock"), OWN_WRITE("sys_mlockall"),
	OWN_WRITE("sys_munlockall"), OWN_WRITE("madvise_lock"),
	OWN_WRITE("do_madvise"), OWN_WRITE("do_mseal"),
	OWN_WRITE("mseal_range"), OWN_WRITE("do_mbind"),
	OWN_WRITE("kernel_mbind"), OWN_WRITE("sys_set_mempolicy_home_node"),
	OWN_WRITE("do_shmat"), OWN_WRITE("ksys_shmdt"),
	OWN_WRITE("sys_shmdt"), OWN_WRITE("aio_setup_ring"),
	OWN_WRITE("ioctx_alloc"), OWN_WRITE("prctl_set_vma"),
	OWN_WRITE("account_locked_vm"), OWN_WRITE("map_vdso"),
	OWN_READ("prctl_set_mm"), OWN_READ("prctl_set_mm_map"),
	OWN_READ("madvise_dontneed_free"), OWN_READ("madvise_populate"),
	OWN_READ("madvise_remove"), OWN_READ("madvise_willneed"),
	OWN_READ("madvise_collapse"), OWN_READ("do_get_mempolicy"),
	OWN_READ("sys_mincore"), OWN_READ("sys_msync"),
	OWN_READ("__mm_populate"), OWN_READ("fault_in_user_writeable"),
	OWN_READ("fixup_user_fault"), OWN_READ("fault_in_safe_writeable"),
	OWN_READ("find_tcp_vma"), OWN_READ("tcp_mmap"),
	OWN_READ("hva_to_pfn"), OWN_READ("__hva_to_pfn"),

	/* With the mmap lock held: a VMA's lock */
	OWN_VMA("__vma_start_write"), OWN_VMA("__vma_start_exclude_readers"),
	OWN_VMA("__vma_exclude_readers_for_detach"),
	OWN_VMA("__vma_enter_locked"), OWN_VMA("vma_mark_detached"),
	OWN_VMA("__split_vma"), OWN_VMA("split_vma"),
	OWN_VMA("vma_merge_existing_range"), OWN_VMA("vma_modify"),
	OWN_VMA("vma_expand"), OWN_VMA("vma_shrink"), OWN_VMA("commit_merge"),
	OWN_VMA("vms_gather_munmap_vmas"), OWN_VMA("do_vmi_align_munmap"),
	OWN_VMA("do_vmi_munmap"), OWN_VMA("vma_link"),
	OWN_VMA("mm_take_all_locks"), OWN_VMA("free_pgtables"),
	OWN_VMA("unmap_region"), OWN_VMA("mlock_fixup"),
	OWN_VMA("mlock_vma_pages_range"), OWN_VMA("mprotect_fixup"),
	OWN_VMA("do_brk_flags"), OWN_VMA("__mmap_region"),
	OWN_VMA("__mmap_new_vma"), OWN_VMA("mmap_region"),
	OWN_VMA("move_vma"), OWN_VMA("unmap_source_vma"),
	OWN_VMA("expand_downwards"), OWN_VMA("expand_upwards"),
	OWN_VMA("process_vma_walk_lock"), OWN_VMA("walk_page_range"),
	OWN_VMA("walk_page_range_mm"), OWN_VMA("walk_page_range_mm_unsafe"),
	OWN_VMA("walk_page_vma"), OWN_VMA("madvise_update_vma"),
	OWN_VMA("__mseal_range"), OWN_VMA("userfaultfd_set_ctx"),
	OWN_EITHER("dup_mmap"), OWN_EITHER("dup_mm"),

	/* GUP: of the caller's, unless a function below has called it */
	OWN_READ("__get_user_pages_locked"),
	OWN_READ("__gup_longterm_locked"), OWN_READ("get_user_pages_unlocked"),
	OWN_READ("pin_user_pages_unlocked"), OWN_READ("gup_fast_fallback"),

	/* Readers of other processes */
	OTHER_READ("__access_remote_vm"), OTHER_READ("access_remote_vm"),
	OTHER_READ("access_process_vm"), OTHER_READ("ptrace_access_vm"),
	OTHER_READ("__copy_remote_vm_str"), OTHER_READ("copy_remote_vm_str"),
	OTHER_READ("process_vm_rw_single_vec"),
	OTHER_READ("process_vm_rw_core"), OTHER_READ("process_vm_rw"),
	OTHER_READ("m_start"), OTHER_READ("m_next"),
	OTHER_READ("proc_get_vma"), OTHER_READ("lock_vma_range"),
	OTHER_READ("lock_ctx_mm"), OTHER_READ("lock_next_vma"),
	OTHER_READ("lock_next_vma_under_mmap_lock"),
	OTHER_READ("fallback_to_mmap_lock"), OTHER_READ("query_vma_setup"),
	OTHER_READ("query_vma_find_by_addr"), OTHER_READ("do_procmap_query"),
	OTHER_READ("procfs_procmap_ioctl"), OTHER_READ("show_smaps_rollup"),
	OTHER_READ("pagemap_read"), OTHER_READ("do_pagemap_scan"),
	OTHER_READ("do_pagemap_cmd"), OTHER_READ("proc_map_files_readdir"),
	OTHER_READ("proc_map_files_lookup"),
	OTHER_READ("map_files_d_revalidate"),
	OTHER_READ("map_files_get_link"), OTHER_READ("proc_pid_ksm_stat"),
	OTHER_READ("migrate_to_node"), OTHER_READ("add_folio_for_migration"),
	OTHER_READ("do_pages_stat_array"), OTHER_READ("sys_process_mrelease"),
	OTHER_WRITE("clear_refs_write"),

	/* The kernel's own work on address spaces */
	ANY_READ("task_vma_seq_get_next"), ANY_READ("split_huge_pages_pid"),
	ANY_READ("khugepaged_scan_mm_slot"), ANY_READ("collapse_single_pmd"),
	ANY_WRITE("collapse_huge_page"), ANY_READ("get_mergeable_page"),
	ANY_READ("scan_get_next_rmap_item"), ANY_READ("break_cow"),
	ANY_READ("try_to_merge_with_ksm_page"),
	ANY_READ("try_to_merge_with_zero_page"), ANY_READ("unuse_mm"),
	ANY_READ("damon_va_mkold"), ANY_READ("damon_va_young"),
	ANY_READ("damon_va_three_regions"),
	ANY_READ("damon_va_walk_page_range"), ANY_WRITE("mpol_rebind_mm"),
	ANY_WRITE("register_for_each_vma"), ANY_READ("unapply_uprobe"),
	ANY_READ("perf_event_addr_filters_apply"),
	ANY_READ("kill_accessing_process"), ANY_READ("async_pf_execute"),
	ANY_READ("mem_cgroup_count_precharge"), ANY_READ("uffd_mfill_lock"),
	ANY_READ("uffd_move_lock"), ANY_READ("uffd_lock_vma"),
	ANY_READ("mwriteprotect_range"), ANY_WRITE("userfaultfd_register"),
	ANY_WRITE("userfaultfd_unregister"),
	ANY_WRITE("userfaultfd_release_all"),

	/* exec_update_lock */
	EXEC("do_task_stat"), EXEC("proc_pid_wchan"), EXEC("lock_trace"),
	EXEC("proc_pid_stack"), EXEC("proc_pid_syscall"),
	EXEC("proc_pid_personality"), EXEC("mm_access"),
	EXEC("proc_mem_open"), EXEC("do_io_accounting"),
	EXEC("proc_tgid_io_accounting"), EXEC("proc_tid_io_accounting"),
	EXEC("proc_ns_get_link"), EXEC("proc_ns_readlink"),
	EXEC("__pidfd_fget"), EXEC("get_robust_list"),
	EXEC("sys_get_robust_list"), EXEC("sys_kcmp"),
};

/* Callers of GUP and of page walks that act on another process */
static const char *const remote[] = {
	"__access_remote_vm", "access_remote_vm", "access_process_vm",
	"__copy_remote_vm_str", "process_vm_rw", "process_vm_rw_core",
	"process_vm_rw_single_vec", "clear_refs_write", NULL
};

/* Functions that run with the mmap lock held for writing */
static const char *const under_write[] = {
	"do_vmi_munmap", "do_vmi_align_munmap", "mmap_region",
	"__mmap_region", "do_mmap", "mprotect_fixup", "do_brk_flags",
	"move_vma", "mlock_fixup", "dup_mmap", "__split_vma",
	"madvise_vma_behavior", NULL
};

/* Functions that walk another process with the lock held for reading */
static const char *const under_read[] = {
	"show_smap", "smap_gather_stats", "show_numa_map", "show_map",
	"show_map_vma", "pagemap_read", "do_pagemap_scan",
	"clear_refs_pte_range", NULL
};

/* Functions of a fault that keep the lock while they sleep */
static const char *const kept[] = {
	"do_page_mkwrite", "charge_memcg", "try_charge_memcg",
	"__alloc_pages_direct_reclaim", "try_to_free_mem_cgroup_pages", NULL
};

static bool is_in(const char *const *list, const char *function)
{
	for (; *list; list++)
		if (!strcmp(*list, function))
			return true;
	return false;
}

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static const char *const entries[] = {
	"__x64_", "__ia32_compat_", "__ia32_", "__do_", "__se_", NULL
};

/* Copies a name without what compilers and the entry code add. */
static void set_function(struct frame *frame, const char *name, size_t len)
{
	for (const char *const *entry = entries; *entry; entry++) {
		size_t skip = strlen(*entry);

		if (begins_with(name, *entry) && len > skip + 4 &&
		    begins_with(name + skip, "sys_")) {
			name += skip;
			len -= skip;
			break;
		}
	}
	snprintf(frame->function, sizeof(frame->function), "%.*s", (int)len,
		 name);
	for (char *c = frame->function; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_') {
			*c = '\0';
			break;
		}
}

/* Is the function in one of our modules? The line ends with its name. */
static bool is_in_ours(const char *line, size_t len)
{
	static const char *const modules[] = {
		" [vmapeek]", " [vmapeek_maps]",
	};

	for (size_t i = 0; i < SIZE(modules); i++) {
		size_t n = strlen(modules[i]);

		if (len >= n && !strncmp(line + len - n, modules[i], n))
			return true;
	}
	return false;
}

bool stack_is_rt_lock(const char *function)
{
	static const char *const locks[] = {
		"rt_mutex_", "__rt_mutex_", "rwbase_", "__rwbase_", "down_",
	};

	for (size_t i = 0; i < SIZE(locks); i++)
		if (begins_with(function, locks[i]))
			return true;
	return false;
}

void stack_parse(struct stack *s, const char *text)
{
	s->n = 0;
	s->whole = true;
	while (s->n < MAX_FRAMES && (text = strstr(text, "] "))) {
		struct frame *frame = &s->frame[s->n];
		size_t line;

		text += 2;
		line = strcspn(text, "\n");
		set_function(frame, text, strcspn(text, "+\n"));
		frame->ours = is_in_ours(text, line);
		if (*frame->function &&
		    (s->n || !stack_is_rt_lock(frame->function)))
			s->n++;
		text += line;
	}
}

void stack_parse_wchan(struct stack *s, const char *text)
{
	s->n = 0;
	s->whole = false;
	/* "0": nowhere, or not allowed */
	if ((!isalpha((unsigned char)*text) && *text != '_') ||
	    stack_is_rt_lock(text))
		return;
	set_function(&s->frame[0], text, strcspn(text, "\n"));
	s->frame[0].ours = begins_with(text, "remote_") ||
			   begins_with(text, "vmapeek_") ||
			   begins_with(text, "lock_next_vma_slow") ||
			   begins_with(text, "lock_next_vma_tick");
	s->n = 1;
}

static const struct frame *find(const struct stack *s, const char *const *list)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_in(list, s->frame[i].function))
			return &s->frame[i];
	return NULL;
}

static const struct frame *find_one(const struct stack *s, const char *function)
{
	const char *const list[] = { function, NULL };

	return find(s, list);
}

static bool has_ours(const struct stack *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->frame[i].ours)
			return true;
	return false;
}

static bool is_remote(const struct stack *s)
{
	return has_ours(s) || find(s, remote);
}

enum waits stack_waits(const struct stack *s, enum whose *whose)
{
	*whose = WHOSE_UNKNOWN;
	if (!s->n)
		return WAITS_ELSEWHERE;
	/* The module sleeps in no function of its own for anything else. */
	if (s->frame[0].ours) {
		*whose = WHOSE_OTHER;
		return WAITS_MMAP_READ;
	}
	for (size_t i = 0; i < SIZE(places); i++) {
		const struct place *p = &places[i];

		if (strcmp(p->function, s->frame[0].function))
			continue;
		*whose = p->whose;
		if (p->whose == WHOSE_OWN && is_remote(s))
			*whose = WHOSE_OTHER;
		return p->waits;
	}
	return WAITS_ELSEWHERE;
}

enum holds stack_holds(const struct stack *s, enum whose *whose, bool *sure)
{
	const struct frame *fault = find_one(s, "handle_mm_fault");

	*sure = true;
	*whose = WHOSE_OWN;
	if (find_one(s, "handle_userfault"))
		return HOLDS_NOTHING;	/* dropped before it sleeps */
	if (fault && is_remote(s)) {
		*whose = WHOSE_OTHER;
		/* The module faults under the VMA's lock only. */
		return has_ours(s) && !find_one(s, "__get_user_pages") ?
			       HOLDS_VMA : HOLDS_MMAP_READ;
	}
	if (find(s, under_write))
		return HOLDS_MMAP_WRITE;
	if (find(s, under_read)) {
		*whose = WHOSE_OTHER;
		return HOLDS_MMAP_READ;
	}
	if (fault) {
		/* filemap_fault() and do_swap_page() may have dropped it. */
		*sure = find(s, kept);
		return find_one(s, "__get_user_pages") ? HOLDS_MMAP_READ :
							  HOLDS_FAULT;
	}
	return HOLDS_NOTHING;
}

const char *stack_activity(const struct stack *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *f = s->frame[i].function;

		if (begins_with(f, "sys_"))
			return f + 4;
		if (!strcmp(f, "ksys_read"))
			return "read";
		if (!strcmp(f, "ksys_write"))
			return "write";
		/* The one may be inlined into the other. */
		if (!strcmp(f, "do_user_addr_fault") ||
		    !strcmp(f, "exc_page_fault"))
			return "a page fault";
	}
	return NULL;
}

static const struct {
	const char *prefix, *fs;
	enum reason reason;
} reasons[] = {
	/* The first one that a function matches, whichever frame it is. */
	{ "handle_userfault", "", REASON_USERFAULTFD },
	{ "try_charge_memcg", "", REASON_MEMCG },
	{ "charge_memcg", "", REASON_MEMCG },
	{ "mem_cgroup_", "", REASON_MEMCG },
	{ "try_to_free_mem_cgroup_pages", "", REASON_MEMCG },
	{ "do_swap_page", "", REASON_SWAP },
	{ "swap_read", "", REASON_SWAP },
	{ "swapin_readahead", "", REASON_SWAP },
	{ "read_swap_cache", "", REASON_SWAP },
	{ "shmem_swapin", "", REASON_SWAP },
	{ "try_to_free_pages", "", REASON_RECLAIM },
	{ "do_try_to_free_pages", "", REASON_RECLAIM },
	{ "fuse_", "fuse", REASON_FILE_SYSTEM },
	{ "nfs_", "nfs", REASON_FILE_SYSTEM },
	{ "nfs4_", "nfs4", REASON_FILE_SYSTEM },
	{ "rpc_", "nfs", REASON_FILE_SYSTEM },
	{ "cifs_", "cifs", REASON_FILE_SYSTEM },
	{ "smb2_", "cifs", REASON_FILE_SYSTEM },
	{ "ceph_", "ceph", REASON_FILE_SYSTEM },
	{ "netfs_", "netfs", REASON_FILE_SYSTEM },
	{ "p9_", "9p", REASON_FILE_SYSTEM },
	{ "gfs2_", "gfs2", REASON_FILE_SYSTEM },
	{ "ocfs2_", "ocfs2", REASON_FILE_SYSTEM },
	{ "ext4_", "ext4", REASON_FILE_SYSTEM },
	{ "xfs_", "xfs", REASON_FILE_SYSTEM },
	{ "btrfs_", "btrfs", REASON_FILE_SYSTEM },
	{ "f2fs_", "f2fs", REASON_FILE_SYSTEM },
	{ "ovl_", "overlay", REASON_FILE_SYSTEM },
	{ "dm_", "", REASON_DEVICE },
	{ "blk_", "", REASON_DEVICE },
	{ "submit_bio", "", REASON_DEVICE },
	{ "folio_wait_", "", REASON_DEVICE },
	{ "filemap_", "", REASON_DEVICE },
};

enum reason stack_reason(const struct stack *s, char *fs, size_t size)
{
	*fs = '\0';
	for (size_t r = 0; r < SIZE(reasons); r++)
		for (size_t i = 0; i < s->n; i++) {
			const char *f = s->frame[i].function;

			if (!begins_with(f, reasons[r].prefix))
				continue;
			snprintf(fs, size, "%s", reasons[r].fs);
			/* The only per-CPU semaphores there are freeze it. */
			if (reasons[r].reason == REASON_FILE_SYSTEM &&
			    begins_with(s->frame[0].function, "percpu_rwsem"))
				return REASON_FREEZE;
			return reasons[r].reason;
		}
	return REASON_UNKNOWN;
}

bool stack_in_vfork(const struct stack *s)
{
	return s->n && (!strcmp(s->frame[0].function, "kernel_clone") ||
			!strcmp(s->frame[0].function, "wait_for_vfork_done"));
}

bool wchan_is_idle(const char *wchan)
{
	static const char *const idle[] = {
		"0", "futex_", "do_poll", "poll_schedule_timeout", "do_sys_poll",
		"ep_poll", "do_epoll_wait", "do_select", "hrtimer_nanosleep",
		"pipe_read", "anon_pipe_read", "do_wait", "kernel_wait",
		"do_sigtimedwait", "sigsuspend", "do_sigsuspend", "sys_pause",
		"wait_woken", "inet_csk_accept", "unix_stream", "unix_wait",
		"skb_wait", "__skb_wait", "do_msgrcv", "do_semtimedop",
		"do_signal_stop", "ptrace_stop", "do_syslog", "devkmsg_read",
		"inotify_read", "signalfd", "timerfd", "eventfd", "n_tty_read",
		"io_cqring_wait", "io_wq_worker", "worker_thread",
		"rescuer_thread", "kthread", "smpboot", "rcu_", "kswapd",
		"kcompactd", NULL
	};

	for (const char *const *i = idle; *i; i++)
		if (begins_with(wchan, *i))
			return true;
	return false;
}
