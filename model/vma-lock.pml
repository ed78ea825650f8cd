/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The locks of a remote read, as a model for Spin: one address, its VMA, the
 * PMD entry, the PTE table and the folio behind it; one reader on the fast
 * path, and those who take these things away. See README.md.
 *
 * Claims: nothing is used after it was freed, what is read belongs to the VMA
 * that was locked, and nobody waits for ever. A DEFECT_... macro breaks one
 * rule of the reader on purpose.
 */

/* VMA 1 is there at the start; VMA 2 is mapped in its place later. */
#define NR_VMAS		3
/*
 * Table and folio 1 belong to VMA 1, 2 to VMA 2; folio 3 is VMA 1's huge one. 4
 * and 5 are what a fault brings into VMA 1 and 2.
 */
#define NR_TABLES	3
#define NR_FOLIOS	6
#define FAULTED(v)	(3 + (v))

#define NONE		0
/* Values of the PMD entry: none, a table (1, 2), or a huge folio. */
#define HUGE(f)		(16 + (f))
#define IS_HUGE(p)	((p) >= 16)
#define IS_TABLE(p)	((p) > NONE && (p) < 16)

byte tree = 1;			/* the VMA that a look-up finds */
bool vma_freed[NR_VMAS];
bool vma_detached[NR_VMAS];
bool vma_linked[NR_VMAS];	/* found by the rmap */
byte vma_readers[NR_VMAS];	/* of vma->vm_lock */
byte vma_seq[NR_VMAS] = 255;	/* vma->vm_lock_seq */

bool mmap_lock;			/* held for writing */
byte mmap_readers;		/* or for reading, by so many */
byte mm_seq;			/* mm->mm_lock_seq, odd while it is */
byte rmap_readers;		/* i_mmap_rwsem or the anon_vma's */
bool rmap_writer;

byte pmd = 1;
bool pmd_lock;
bool table_freed[NR_TABLES];
bool ptl[NR_TABLES];
byte pte[NR_TABLES];		/* the folio that it maps */

byte folio_refs[NR_FOLIOS];
bool folio_freed[NR_FOLIOS];
byte folio_of[NR_FOLIOS];	/* the VMA whose content it has */

/* RCU: a grace period has seen each of these outside of a section once. */
#define READER		0
#define ZAPPER		1
byte in_rcu[2];

inline lock(l)		{ atomic { !l -> l = true } }
inline unlock(l)	{ l = false }
inline rcu_enter(who)	{ in_rcu[who]++ }
inline rcu_leave(who)	{ in_rcu[who]-- }
inline rmap_lock_read()	{ atomic { !rmap_writer -> rmap_readers++ } }
inline rmap_unlock_read() { rmap_readers-- }

inline folio_get(f)
{
	d_step {
		assert(!folio_freed[f]);
		folio_refs[f]++
	}
}

inline folio_put(f)
{
	d_step {
		assert(!folio_freed[f] && folio_refs[f] > 0);
		folio_refs[f]--;
		if
		:: folio_refs[f] == 0 -> folio_freed[f] = true
		:: else
		fi
	}
}

proctype vma_free_rcu(byte v)
{
	in_rcu[READER] == 0;
	in_rcu[ZAPPER] == 0;
	vma_freed[v] = true
}

proctype pte_free_defer(byte t)
{
	in_rcu[READER] == 0;
	in_rcu[ZAPPER] == 0;
	table_freed[t] = true
}

inline mmap_write_lock()
{
	atomic { !mmap_lock && mmap_readers == 0 -> mmap_lock = true };
	mm_seq++
}

inline mmap_read_lock()	{ atomic { !mmap_lock -> mmap_readers++ } }
inline mmap_read_unlock() { mmap_readers-- }

/* Ends the write lock of every VMA. */
inline mmap_write_unlock()
{
	mm_seq++;
	unlock(mmap_lock)
}

/* The writer of the VMA's lock is there only while this is atomic. */
inline vma_start_write(v)
{
	atomic { vma_readers[v] == 0 -> vma_seq[v] = mm_seq }
}

inline vma_end_read(v)
{
	d_step {
		assert(!vma_freed[v] && vma_readers[v] > 0);
		vma_readers[v]--
	}
}

/* Sets @v to the locked VMA or NONE. */
inline lock_vma_under_rcu(v)
{
	rcu_enter(READER);
	v = tree;
	if
	:: v != NONE ->
		assert(!vma_freed[v]);
		if
		:: vma_seq[v] == mm_seq -> v = NONE
		:: else ->
			/* A trylock: it cannot meet a writer here. */
			vma_readers[v]++;
			if
#ifndef DEFECT_SEQUENCE_NOT_COMPARED
			:: vma_seq[v] == mm_seq || vma_detached[v] ->
				vma_readers[v]--;
				v = NONE
#endif
			:: else
			fi
		fi
	:: else
	fi;
	rcu_leave(READER)
}

/* How to copy depends on the VMA. */
inline copy(v, f)
{
	assert(!vma_freed[v]);
	assert(!folio_freed[f]);
	assert(folio_of[f] == v)
}

/*
 * Use a folio while its entry is locked: a single page is copied at once, and
 * @f is NONE afterwards; for more pages, a reference is taken.
 */
inline found(v, f)
{
	if
	:: copy(v, f); f = NONE
	:: true ->
#ifndef DEFECT_NO_FOLIO_REFERENCE
		folio_get(f)
#else
		skip
#endif
	fi
}

/* Sets @f to a folio with a reference, or NONE. */
inline walk_huge(v, p, f)
{
	lock(pmd_lock);
#ifndef DEFECT_HUGE_ENTRY_NOT_READ_AGAIN
	p = pmd;
#endif
	if
	:: IS_HUGE(p) ->
		f = p - 16;
		found(v, f)
	:: else -> f = NONE
	fi;
	unlock(pmd_lock)
}

inline walk_table(v, p, f)
{
#ifndef DEFECT_NO_RCU
	rcu_enter(READER);
#endif
	p = pmd;
	f = NONE;
	if
	:: IS_TABLE(p) ->
		/* The lock is part of what describes the table. */
		assert(!table_freed[p]);
		lock(ptl[p]);
		assert(!table_freed[p]);
		if
		:: pmd == p -> f = pte[p]
		:: else
		fi;
		if
		:: f != NONE -> found(v, f)
		:: else
		fi;
		assert(!table_freed[p]);
		unlock(ptl[p])
	:: else
	fi;
#ifndef DEFECT_NO_RCU
	rcu_leave(READER)
#endif
}

inline walk(v, p, f)
{
	p = pmd;
	if
	:: IS_HUGE(p) -> walk_huge(v, p, f)
	:: else -> walk_table(v, p, f)
	fi
}

/* Of more than one page: the copy, after the page tables are unlocked. */
inline copy_later(v, f)
{
	if
	:: f != NONE ->
		copy(v, f);
#ifndef DEFECT_NO_FOLIO_REFERENCE
		folio_put(f);
#endif
		f = NONE
	:: else
	fi
}

/*
 * handle_mm_fault() under the VMA's lock. It maps a page where there is none, if
 * it can get one; the lock stays. Or it sets @retry, as it had to wait, or needs
 * the mmap lock: then it has dropped the VMA's lock.
 */
inline fault(v, p, retry)
{
	assert(!vma_freed[v]);
	if
	:: vma_end_read(v); retry = true
	:: true ->
		rcu_enter(READER);
		p = pmd;
		if
		:: IS_TABLE(p) ->
			assert(!table_freed[p]);
			lock(ptl[p]);
			if
			:: pmd == p && pte[p] == NONE &&
			   folio_refs[FAULTED(v)] == 0 &&
			   !folio_freed[FAULTED(v)] ->
				pte[p] = FAULTED(v);
				folio_get(FAULTED(v))
			:: else
			fi;
			unlock(ptl[p])
		:: else
		fi;
		rcu_leave(READER)
	fi
}

/* GUP, with a look-up of its own. */
inline slow_path(v, p, f)
{
	mmap_read_lock();
	v = tree;
	if
	:: v != NONE ->
		walk(v, p, f);
		copy_later(v, f)
	:: else
	fi;
	mmap_read_unlock()
}

#if defined(DEFECT_VMA_LOCK_DROPPED_EARLY) || \
	defined(DEFECT_VMA_LOCK_DROPPED_BEFORE_COPY)
#define NO_FAULTS
#endif

/* Reads three times, so that what one read leaves behind meets the next. */
proctype reader()
{
	byte v, p, f, reads;
	bool retry;

	for (reads : 1 .. 3) {
		retry = false;
		lock_vma_under_rcu(v);
		if
		:: v != NONE ->
#ifdef DEFECT_VMA_LOCK_DROPPED_EARLY
			vma_end_read(v);
#endif
			walk(v, p, f);
#ifndef NO_FAULTS
			/* Another page of the read may be missing, too. */
			if
			:: f == NONE ->
				fault(v, p, retry);
				if
#ifdef DEFECT_VMA_USED_AFTER_RETRY
				:: true -> walk(v, p, f)
#else
				:: !retry -> walk(v, p, f)
#endif
				:: else
				fi
			:: true
			fi;
#endif
#ifdef DEFECT_VMA_LOCK_DROPPED_BEFORE_COPY
			vma_end_read(v);
#endif
#ifdef DEFECT_VMA_LOCK_LEAKED
			if
			:: f != NONE -> copy_later(v, f); vma_end_read(v)
			:: else
			fi
#else
			copy_later(v, f);
#ifdef NO_FAULTS
			skip
#elif defined(DEFECT_VMA_UNLOCKED_AFTER_RETRY)
			vma_end_read(v)
#else
			if
			:: !retry -> vma_end_read(v)
			/* The next read begins with a look-up, too. */
			:: retry
			:: retry -> slow_path(v, p, f)
			fi
#endif
#endif
		:: else
		fi
	}
}

/* Clear the one entry, as zap_pte_range() and try_to_unmap() do. */
inline zap(p, f)
{
	f = NONE;
	p = pmd;
	if
	:: IS_HUGE(p) ->
		lock(pmd_lock);
		if
		:: pmd == p -> f = p - 16; pmd = NONE
		:: else
		fi;
		unlock(pmd_lock)
	:: IS_TABLE(p) ->
		lock(ptl[p]);
		if
		:: pmd == p -> f = pte[p]; pte[p] = NONE
		:: else
		fi;
		unlock(ptl[p])
	:: else
	fi;
	if
	:: f != NONE -> folio_put(f)
	:: else
	fi
}

/* munmap(), and another mapping in the same place. */
proctype unmapper()
{
	byte p, f;

	mmap_write_lock();
	vma_start_write(1);
	vma_detached[1] = true;
	tree = NONE;
	zap(p, f);
	/* unlink_file_vma(), unlink_anon_vmas() */
	atomic { rmap_readers == 0 && !rmap_writer -> rmap_writer = true };
	vma_linked[1] = false;
	rmap_writer = false;
	/* free_pgtables(), at once, as where tables are not freed by RCU */
	lock(pmd_lock);
	p = pmd;
	pmd = NONE;
	unlock(pmd_lock);
	if
	:: IS_TABLE(p) -> table_freed[p] = true
	:: else
	fi;
	run vma_free_rcu(1);

	vma_start_write(2);
	tree = 2;
	vma_linked[2] = true;
	/* A page fault could do this later just as well. */
	lock(pmd_lock);
	pmd = 2;
	unlock(pmd_lock);
	lock(ptl[2]);
	pte[2] = 2;
	unlock(ptl[2]);
	mmap_write_unlock()
}

/* Reclaim, migration, truncation: by the rmap, with no lock of the mm. */
proctype zapper()
{
	byte p, f;

	rmap_lock_read();
	if
	:: vma_linked[1] || vma_linked[2] ->
		rcu_enter(ZAPPER);
		zap(p, f);
		rcu_leave(ZAPPER)
	:: else
	fi;
	rmap_unlock_read()
}

/* retract_page_tables(): a file's pages became huge, its table goes. */
proctype retract()
{
	byte p, f;

	rmap_lock_read();
	if
	:: vma_linked[1] ->
		zap(p, f);
		lock(pmd_lock);
		p = pmd;
		if
		:: IS_TABLE(p) ->
			lock(ptl[p]);
			if
			:: pte[p] == NONE ->
				pmd = NONE;
				unlock(ptl[p]);
				run pte_free_defer(p)
			:: else -> unlock(ptl[p])
			fi
		:: else
		fi;
		unlock(pmd_lock)
	:: else
	fi;
	rmap_unlock_read()
}

/* collapse_huge_page(): anonymous pages become a huge one. */
proctype collapse()
{
	byte p, f;

	mmap_write_lock();
	if
	:: tree == 1 ->
		vma_start_write(1);
		/* Keeps the rmap's users away. */
		atomic { rmap_readers == 0 && !rmap_writer -> rmap_writer = true };
		lock(pmd_lock);
		p = pmd;
		if
		:: IS_TABLE(p) -> pmd = NONE
		:: else -> p = NONE
		fi;
		unlock(pmd_lock);
		if
		:: p != NONE ->
			f = pte[p];
			pte[p] = NONE;
			if
			:: f != NONE -> folio_put(f)
			:: else
			fi;
			/* Deposited; may be freed without RCU. */
			table_freed[p] = true;
			lock(pmd_lock);
			pmd = HUGE(3);
			unlock(pmd_lock)
		:: else
		fi;
		rmap_writer = false
	:: else
	fi;
	mmap_write_unlock()
}

init
{
	d_step {
		vma_linked[1] = true;
		pte[1] = 1;
		folio_refs[1] = 1;
		folio_refs[2] = 1;
		folio_refs[3] = 1;
		folio_of[1] = 1;
		folio_of[2] = 2;
		folio_of[3] = 1;
		folio_of[4] = 1;
		folio_of[5] = 2
	};
	atomic {
		run reader();
		run unmapper();
		run zapper();
		run retract();
		run collapse()
	}
}
