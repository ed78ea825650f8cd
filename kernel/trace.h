/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoint vmapeek:vmapeek_remote_read: one event for each remote read,
 * by either path. docs/tracing.md has recipes.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmapeek

#if !defined(_VMAPEEK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VMAPEEK_TRACE_H

#include <linux/tracepoint.h>

#include "remote.h"

TRACE_EVENT(vmapeek_remote_read,
	TP_PROTO(pid_t pid, unsigned long addr, unsigned long len, long result,
		 enum remote_read_result reason, u64 nsec),

	TP_ARGS(pid, addr, len, result, reason, nsec),

	TP_STRUCT__entry(
		__field(pid_t, pid)
		__field(unsigned long, addr)
		__field(unsigned long, len)
		__field(long, result)
		__field(u64, nsec)
		/* No __string(): bpftrace 0.23 truncates the pointer to one. */
		__array(char, reason, REMOTE_READ_NAME_LEN)
	),

	TP_fast_assign(
		__entry->pid = pid;
		__entry->addr = addr;
		__entry->len = len;
		__entry->result = result;
		__entry->nsec = nsec;
		strscpy_pad(__entry->reason, remote_read_names[reason],
			    REMOTE_READ_NAME_LEN);
	),

	TP_printk("pid=%d addr=%#lx len=%lu result=%ld reason=%s nsec=%llu",
		  __entry->pid, __entry->addr, __entry->len, __entry->result,
		  __entry->reason, __entry->nsec)
);

/* trace.c */

int traced_access_remote_vm(pid_t pid, struct mm_struct *mm, unsigned long addr,
			    void *buf, int len, unsigned int gup_flags);
int traced_read_str(pid_t pid, struct mm_struct *mm, unsigned long addr,
		    void *buf, int len, unsigned int gup_flags);
int traced_readv(pid_t pid, struct mm_struct *mm, unsigned long addr,
		 unsigned long len, struct iov_iter *iter);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
