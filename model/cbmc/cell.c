// SPDX-License-Identifier: GPL-2.0
/*
 * The real kernel/bpf/async_cell.h under CBMC. Each function at the end is a
 * scenario: `cbmc --function NAME`, run under the memory models that its comment
 * lists; those that take minutes under the weak ones are left at sc. What stands
 * between it and the cell is bpf_async_do_here(), defer(), consume(), run() and
 * delete() of kernel/bpf/helpers.c without the hrtimer, the CPUs and the
 * references.
 *
 * Models: async_cell_init()
 * Models: async_cell_seq()
 * Models: async_cell_publish()
 * Models: async_cell_next()
 * Models: async_cell_owe()
 * Models: async_cell_run()
 * Models: async_cell_take()
 * Models: async_cell_take_idle()
 * Models: async_cell_drop()
 * Models: async_cell_drop_idle()
 * Models: async_cell_left()
 * Models: async_cell_applied()
 * Models: async_cell_skip()
 * Models: async_cell_destroy()
 * Models: async_cell_doomed()
 * Models: async_cell_destroyed()
 * Models: async_cell_destroy_idle()
 * Models: bpf_async_do_here()
 * Models: bpf_async_defer()
 * Models: bpf_async_consume()
 * Models: bpf_async_run()
 * Models: bpf_async_delete()
 */
#include "async_cell.h"

#define ROUNDS 2 /* of the consumer; BPF_ASYNC_BUDGET is 16 */

static struct async_cell cell;
static bool queued;		/* the irq_work is */
static unsigned int armed;	/* what was applied last; a stand-in for the hrtimer */
static bool gone;		/* torn down */
static bool written1, written2;	/* what the callers of commands 1 and 2 wrote before */
static bool finished1, finished2; /* the threads */

/* Apply @cmd. The role is held. */
static void apply(unsigned int cmd, unsigned int expires)
{
	__CPROVER_assert(!gone, "P8: nothing is applied after the teardown");
	__CPROVER_assert((cmd == 1 || cmd == 2) && cmd == expires, "H3: a command is of one piece");
	__CPROVER_assert(cmd == 1 ? written1 : written2, "P3: what a caller wrote is visible to what it causes");
	armed = cmd;
}

static void consume(void)
{
	int budget = ROUNDS;
	struct async_cmd cmd;

	do {
		if (async_cell_doomed(&cell)) {
			armed = 0;
			__CPROVER_assert(async_cell_destroyed(&cell), "P8: torn down once");
			gone = true;
			return;
		}
		if (async_cell_next(&cell, &cmd)) {
			__CPROVER_assert(cmd.seq > cell.done, "P4: at most once");
			async_cell_applied(&cell, &cmd);
			apply(cmd.ctl & ~ASYNC_CELL_ODD, cmd.expires);
		}
		if (!async_cell_drop(&cell))
			return;
		if (!--budget) {
			if (async_cell_owe(&cell))
				queued = true;
			return;
		}
	} while (async_cell_take(&cell));
}

/* What a caller does before its operation */
static void prepare(unsigned int cmd)
{
	if (cmd == 1)
		written1 = true;
	else
		written2 = true;
}

/* An operation in NMI: left in the cell */
static void deferred(unsigned int cmd)
{
	int ret;

	prepare(cmd);
	ret = async_cell_publish(&cell, cmd, cmd);
	__CPROVER_assert(ret == 0 || ret == 1 || ret == -ENOENT, "P2: nothing is refused");
	if (ret > 0 && async_cell_owe(&cell))
		queued = true;
}

/* An operation that is applied at once */
static void direct(unsigned int cmd)
{
	prepare(cmd);
	if (!async_cell_take(&cell)) {
		if (async_cell_publish(&cell, cmd, cmd) > 0 && async_cell_take(&cell))
			consume();
		return;
	}
	if (async_cell_doomed(&cell)) {
		consume();
		return;
	}
	async_cell_skip(&cell);
	apply(cmd, cmd);
	if (async_cell_drop(&cell) && async_cell_take(&cell))
		consume();
}

/* The same, the short way where it is free */
static void brief(unsigned int cmd)
{
	long idle;

	if (!async_cell_take_idle(&cell, &idle)) {
		direct(cmd);
		return;
	}
	prepare(cmd);
	apply(cmd, cmd);
	if (async_cell_drop_idle(&cell, idle) && async_cell_take(&cell))
		consume();
}

static void run(void)
{
	async_cell_run(&cell);
	if (async_cell_take(&cell))
		consume();
}

static void delete(void)
{
	if (async_cell_destroy_idle(&cell)) {
		__CPROVER_assert(!gone, "P8: torn down once");
		armed = 0;
		gone = true;
		return;
	}
	async_cell_destroy(&cell);
	if (async_cell_take(&cell))
		consume();
}

/*
 * Both threads have ended. The run that is owed, if any, comes now, alone; then
 * all must be quiet.
 */
static void settle(void)
{
	struct async_cmd cmd;

	__CPROVER_assume(finished1 && finished2);
	smp_mb();
	if (queued) {
		async_cell_run(&cell);
		if (async_cell_take(&cell)) {
			if (async_cell_doomed(&cell)) {
				armed = 0;
				gone = async_cell_destroyed(&cell);
				return;
			}
			if (async_cell_next(&cell, &cmd)) {
				async_cell_applied(&cell, &cmd);
				apply(cmd.ctl & ~ASYNC_CELL_ODD, cmd.expires);
			}
			__CPROVER_assert(!async_cell_drop(&cell), "P3: a command is left in the cell");
		}
	}
	__CPROVER_assert(!(cell.state.counter & ASYNC_CELL_QUEUED), "H4: a run is owed and not queued");
	if (cell.state.counter & ASYNC_CELL_DESTROY)
		return;
	__CPROVER_assert(!(cell.state.counter & (ASYNC_CELL_BUSY | ASYNC_CELL_CONS)), "P1: a role is not given back");
	__CPROVER_assert(async_cell_seq(cell.state.counter) == cell.done, "P3: a command is left in the cell");
}

static void end1(void) { smp_mb(); finished1 = true; }
static void end2(void) { smp_mb(); finished2 = true; }

/* A command in NMI, the second, against the run that the first has asked for. Under: sc tso pso */
static void second(void) { deferred(2); end1(); }
static void its_run(void) { queued = false; run(); end2(); }
void publish_run(void)
{
	async_cell_init(&cell);
	deferred(1);
	smp_mb();
__CPROVER_ASYNC_1:
	second();
__CPROVER_ASYNC_2:
	its_run();
	settle();
	__CPROVER_assert(armed == 2, "P3: the latest command wins");
}

/* The same against one look at the cell, however the publisher stands. Under: sc tso pso */
static void look(void)
{
	struct async_cmd cmd;

	async_cell_take(&cell);
	if (async_cell_next(&cell, &cmd)) {
		__CPROVER_assert(cmd.seq == 1 || cmd.seq == 2, "H3: released");
		__CPROVER_assert((cmd.ctl & ~ASYNC_CELL_ODD) == cmd.seq, "H3: the command is that of its sequence");
		apply(cmd.ctl & ~ASYNC_CELL_ODD, cmd.expires);
	}
}
void publish_look(void)
{
	async_cell_init(&cell);
	deferred(1);
	smp_mb();
__CPROVER_ASYNC_1:
	second();
	look();
}

/* Two callers in NMI, on two CPUs: one may be superseded. Under: sc tso pso */
static void nmi1(void) { deferred(1); end1(); }
static void nmi2(void) { deferred(2); end2(); }
void superseded(void)
{
	async_cell_init(&cell);
	smp_mb();
__CPROVER_ASYNC_1:
	nmi1();
__CPROVER_ASYNC_2:
	nmi2();
	settle();
	__CPROVER_assert(armed == 1 || armed == 2, "P3: one of them wins");
}

/* One in NMI, one at once on another CPU. Under: sc */
static void task2(void) { brief(2); end2(); }
void direct_deferred(void)
{
	async_cell_init(&cell);
	smp_mb();
__CPROVER_ASYNC_1:
	nmi1();
__CPROVER_ASYNC_2:
	task2();
	settle();
	__CPROVER_assert(armed == 1 || armed == 2, "P3: one of them wins");
}

/* A start in NMI against deletion. Under: sc */
static void remove2(void) { delete(); end2(); }
void deferred_delete(void)
{
	async_cell_init(&cell);
	smp_mb();
__CPROVER_ASYNC_1:
	nmi1();
__CPROVER_ASYNC_2:
	remove2();
	settle();
	__CPROVER_assert(gone && !armed, "H1: a deleted timer is armed, or was not torn down");
}

/* A start at once against deletion. Under: sc */
static void task1(void) { brief(1); end1(); }
void direct_delete(void)
{
	async_cell_init(&cell);
	smp_mb();
__CPROVER_ASYNC_1:
	task1();
__CPROVER_ASYNC_2:
	remove2();
	settle();
	__CPROVER_assert(gone && !armed, "H1: a deleted timer is armed, or was not torn down");
}
