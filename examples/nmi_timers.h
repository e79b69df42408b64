/* SPDX-License-Identifier: GPL-2.0 */
/* What nmi_timers.bpf.c (in the kernel) and nmi_timers.c (the program that loads it) share. */
#ifndef NMI_TIMERS_H
#define NMI_TIMERS_H

#define MAX_CPUS 64
#define SLOTS 64		/* timers, and works, that each CPU has for itself */
#define ELEMS 16		/* hash elements that each CPU creates and deletes */
#define SHARED 64		/* hash elements that all CPUs fight for */

/* Expiry of the timers in the elements that are created and deleted, and how long after its deletion a callback
 * certainly belongs to a timer that survived: one that was about to run at that moment may still finish.
 */
#define ELEM_DELAY_NS 100000000ULL
#define SLACK_NS 50000000ULL
#define EARLY_NS 5000000ULL

enum op { INIT, SET_CB, START, CANCEL, WQ_INIT, WQ_SET_CB, WQ_START, MAP_ADD, MAP_DEL, NR_OPS };

/* Who did it: an NMI to what belongs to its CPU alone, where nothing may fail; an NMI or a task to shared elements,
 * where the loser of a race is told so.
 */
enum who { OWN, SHARED_NMI, SHARED_TASK, NR_WHO };

/* Results are counted by -return value; the one positive one has a place of its own. */
#define RET_ONE 254
#define RET_OTHER 255
#define NR_RET 256

/* A histogram with eight steps per power of two: HIST_STEPS + 8 * exponent. */
#define NR_HIST 512

/* A timer slot of one CPU, without the timer: at the end `ran` must have caught up with `started`. */
struct slot {
	__u64 ready;
	__u64 started, ran;	/* number of the last start, and of the last start that a callback saw */
	__u64 starts, runs;	/* how often; a start may be overtaken by the next, but none runs twice */
	__u64 start_ns;
	__u64 want, last;	/* callback 0 or 1: the one that was set last, the one that ran last */
};

/* An element that is created and deleted, without its timer and its work. */
struct life {
	__u64 due_ns;
	__u64 fired, worked;
};

struct counters {
	__u64 nmis[MAX_CPUS];
	__u64 not_nmi;		/* the program ran, but not in an NMI */
	__u64 done[NR_WHO][NR_OPS][NR_RET];
	__u64 timer_runs, wq_runs;
	__u64 wrong_cpu;	/* a pinned timer that fired on another CPU */
	__u64 cancelled_ran;	/* a callback of a timer that was cancelled by the NMI that started it */
	__u64 stale_ran;	/* a callback of an element that was deleted long before, or before its time */
	__u64 hist[NR_HIST];
	__u64 max_ns;
};

struct ipi_args {
	__u32 cpu;
	__u32 count;
	__s32 error;
};

#endif
