/* SPDX-License-Identifier: GPL-2.0 */
/* What scx_limiter.bpf.c and scx_limiter.c share. */
#ifndef SCX_LIMITER_H
#define SCX_LIMITER_H

#define MAX_CPUS 64
#define PERIOD_NS 100000000LL
#define MIN_RUN_NS 1000000LL	/* who may run at all runs for that long */
#define EARLY_NS 100000ULL

struct stats {
	__u64 used_ns;
	__u64 over_ns;		/* the longest run beyond the end of the budget */
	__u64 periods;		/* refills */
	__u64 preempted;
	__u64 starts, start_failed;
	__u64 cancels;
	__u64 stopped, inactive;	/* what a cancel found: armed, not armed */
	__u64 running, left;	/* its callback runs now; somebody else will do it soon */
	__u64 cancel_failed;
	__u64 fired;
	__u64 stale;		/* for a run that had ended */
	__s64 error;		/* the last one of start or cancel */
};

#endif
