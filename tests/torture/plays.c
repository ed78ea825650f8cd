// SPDX-License-Identifier: GPL-2.0
#include "plays.h"

#define SMALL	(CHUNKS * PAGE)
#define MEDIUM	(4 * SMALL)
#define LARGE	(2 * HUGE_PAGE)

#define NEW_IN_PLACE	(MAY_BE_ZERO | IN_PLACE)

#define PLAY(_name, _size, _rules, _setup, _step)			\
	{ .name = _name, .size = _size, .rules = _rules, .setup = _setup, \
	  .step = _step }
#define PLAY_DISTURBED(_name, _size, _rules, _setup, _step, _disturb)	\
	{ .name = _name, .size = _size, .rules = _rules, .setup = _setup, \
	  .step = _step, .disturb = _disturb }
#define PLAY_RUN(_name, _size, _rules, _setup, _run)			\
	{ .name = _name, .size = _size, .rules = _rules, .setup = _setup, \
	  .run = _run }

const struct play plays[] = {
	PLAY("replace", SMALL, ONE_GENERATION | MAPPED_ANEW, setup_replace,
	     step_replace),
	PLAY("replace-huge", LARGE, ONE_GENERATION | MAPPED_ANEW, setup_replace_huge,
	     step_replace_huge),
	PLAY("remap", SMALL, NEW_IN_PLACE | MAPPED_ANEW, setup_plain, step_remap),
	PLAY("unmap", SMALL, NEW_IN_PLACE | MAY_BE_ABSENT, setup_plain,
	     step_unmap),
	PLAY("neighbours", SMALL, 0, setup_neighbours, step_neighbours),
	PLAY("protect", SMALL, 0, setup_plain, step_protect),
	PLAY("no-access", SMALL, MAY_BE_ABSENT, setup_plain, step_no_access),
	PLAY("discard", LARGE, NEW_IN_PLACE, setup_discard, step_discard),
	PLAY("free", SMALL, NEW_IN_PLACE, setup_plain, step_free),
	PLAY("guard", SMALL, NEW_IN_PLACE | MAY_BE_ABSENT, setup_plain,
	     step_guard),
	PLAY("collapse", LARGE, 0, setup_huge, step_collapse),
	PLAY("discard-huge", LARGE, NEW_IN_PLACE, setup_huge,
	     step_discard_huge),
	PLAY("retract", HUGE_PAGE, NEW_IN_PLACE | NOT_ANONYMOUS, setup_file,
	     step_retract),
	PLAY("punch", SMALL, NEW_IN_PLACE | NOT_ANONYMOUS, setup_file,
	     step_punch),
	PLAY("truncate", SMALL, NEW_IN_PLACE | NOT_ANONYMOUS | MAY_BE_ABSENT,
	     setup_file, step_truncate),
	PLAY("hugetlb", HUGE_PAGE, NOT_ANONYMOUS, setup_hugetlb,
	     step_hugetlb),
	PLAY("migrate", SMALL, 0, setup_plain, step_migrate),
	PLAY("balance", SMALL, 0, setup_plain, step_balance),
	PLAY("merge", SMALL, 0, setup_merge, step_merge),
	PLAY("swap", SMALL, 0, setup_plain, step_swap),
	PLAY_DISTURBED("pressure", LARGE, 0, setup_plain, step_swap,
	     disturb_memory),
	PLAY("user-move", HUGE_PAGE, MAY_BE_ABSENT, setup_user_move,
	     step_user_move),
	PLAY("fork", SMALL, 0, setup_plain, step_fork),
	PLAY_RUN("exec", SMALL, MAY_BE_ABSENT, setup_plain, run_exec),
	PLAY_RUN("exit", SMALL, MAY_BE_ABSENT, setup_plain, run_exit),
	PLAY_RUN("oom", SMALL, MAY_BE_ABSENT, setup_plain, run_oom),
	PLAY("fault-swapped", SMALL, 0, setup_plain, step_fault_swapped),
	PLAY("fault-replaced", SMALL, NEW_IN_PLACE | MAY_BE_ABSENT, setup_plain,
	     step_fault_replaced),
	PLAY("fault-shared", SMALL, 0, setup_plain, step_fault_shared),
	PLAY("fault-file", SMALL, NOT_ANONYMOUS | MAPPED_ANEW, setup_device,
	     step_fault_file),
	PLAY("fault-hugetlb", HUGE_PAGE, NEW_IN_PLACE | NOT_ANONYMOUS |
	     MAY_BE_ABSENT, setup_fault_hugetlb, step_fault_hugetlb),
	PLAY("fault-collapse", LARGE, 0, setup_huge, step_fault_collapse),
	PLAY_RUN("fault-exit", MEDIUM, MAY_BE_ABSENT, setup_swapped, run_exit),
	PLAY_RUN("fault-oom", SMALL, NEW_IN_PLACE | MAY_BE_ABSENT,
		 setup_half_untouched, run_oom),
	PLAY_DISTURBED("cpus", SMALL, NEW_IN_PLACE | MAPPED_ANEW, setup_plain,
		       step_remap, disturb_cpus),
	{ .name = "switch", .size = SMALL, .rules = NEW_IN_PLACE | MAPPED_ANEW,
	  .setup = setup_plain, .step = step_remap, .disturb = disturb_switch, .switches = true },
};

const unsigned int nr_plays = sizeof(plays) / sizeof(plays[0]);
