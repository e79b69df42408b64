// SPDX-License-Identifier: GPL-2.0
/*
 * A sched_ext scheduler that limits what a group of processes may use of the CPUs.
 *
 * The group has a budget that is refilled once a period. When a task of the group gets a CPU, a timer is started for the
 * moment at which the budget ends, and preempts the task; no tick does. When the task leaves the CPU earlier, the timer is
 * cancelled. So each context switch starts and cancels a timer, with interrupts off and under the run queue's lock, where
 * bpf_timer_cancel() is a mistake: it would wait there for a callback. bpf_timer_cancel_async() waits for nothing.
 */
#include "shared.bpf.h"
#include "scx_limiter.h"

char LICENSE[] SEC("license") = "GPL";

#define ECANCELED 125

/* Weak, so that the same object loads on a kernel without it. */
extern int bpf_timer_cancel_async(struct bpf_timer *timer) __weak __ksym;

/* What this scheduler knows of sched_ext; libbpf finds the members by name. */
struct task_struct { int pid; };
struct sched_ext_ops {
	int (*select_cpu)(struct task_struct *p, int prev_cpu, __u64 wake_flags);
	void (*enqueue)(struct task_struct *p, __u64 enq_flags);
	void (*dispatch)(int cpu, struct task_struct *prev);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	int (*init)(void);
	__u64 flags;
	__u32 timeout_ms;
	char name[128];
};
#define SCX_OPS_ENQ_LAST (1ULL << 1)		/* also ask before the last task goes on */
#define SCX_OPS_SWITCH_PARTIAL (1ULL << 3)	/* only tasks that ask for SCHED_EXT */
#define SCX_ENQ_LAST (1ULL << 41)		/* this one would have gone on, if nobody had been asked */
#define SCX_KICK_PREEMPT (1ULL << 1)
#define SCX_SLICE_INF (~0ULL)			/* the tick preempts nobody, the timer does */

extern int scx_bpf_create_dsq(__u64 dsq_id, int node) __weak __ksym;
extern void scx_bpf_dsq_insert(struct task_struct *p, __u64 dsq_id, __u64 slice, __u64 enq_flags) __weak __ksym;
extern bool scx_bpf_dsq_move_to_local(__u64 dsq_id) __weak __ksym;
extern void scx_bpf_kick_cpu(int cpu, __u64 flags) __weak __ksym;
extern int scx_bpf_task_cpu(const struct task_struct *p) __weak __ksym;

#define QUEUE 0		/* all tasks of the group that want to run */
#define REFILL MAX_CPUS	/* the timer that belongs to no CPU */

struct timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS + 1);
	__type(key, int);
	__type(value, struct timer);
} timers SEC(".maps");

struct {
	__u64 since_ns;	/* a task of the group runs since then, 0: none */
	__u64 due_ns;	/* the timer was started for */
} cpus[MAX_CPUS];
__s64 budget_ns, quota_ns;	/* what is left of this period, what a period has */
__u64 refilled_ns;
__u64 refill_started;
int nr_cpus;
struct stats stats;

static __always_inline void failed(__u64 *counter, long err)
{
	count(counter);
	stats.error = err;
}

static __always_inline long start(int key, __u64 ns, __u64 flags)
{
	struct timer *t = bpf_map_lookup_elem(&timers, &key);
	long err = t ? bpf_timer_start(&t->timer, ns, flags) : -1;

	count(&stats.starts);
	if (err)
		failed(&stats.start_failed, err);
	return err;
}

/* On a kernel without this kfunc the timer is left alone: if nobody starts it again it fires once, finds that its task
 * does not run any more, and does nothing.
 */
static __always_inline void cancel(int key)
{
	struct timer *t = bpf_map_lookup_elem(&timers, &key);
	int found;

	if (!t || !bpf_ksym_exists(bpf_timer_cancel_async))
		return;
	count(&stats.cancels);
	found = bpf_timer_cancel_async(&t->timer);
	if (found == 1)
		count(&stats.stopped);
	else if (found == 0)
		count(&stats.inactive);
	else if (found == -1)
		count(&stats.running);
	else if (found == -ECANCELED)
		count(&stats.left);
	else
		failed(&stats.cancel_failed, found);
}

/* ---- the budget ---- */

static __always_inline void charge(__u32 cpu, __u64 now)
{
	__u64 used = now - cpus[cpu].since_ns;

	__sync_fetch_and_add(&stats.used_ns, used);
	__sync_fetch_and_add(&budget_ns, -used);
	cpus[cpu].since_ns = now;
}

/* The end of the period may have passed already: then the timer fires at once. */
static __always_inline void refill_later(void)
{
	__s64 left = refilled_ns + PERIOD_NS - bpf_ktime_get_ns();

	if (READ_ONCE(budget_ns) > 0 || __sync_lock_test_and_set(&refill_started, 1))
		return;
	if (start(REFILL, left > 0 ? left : 0, 0))
		WRITE_ONCE(refill_started, 0);	/* who comes next tries again */
}

static int refill(void *map, int *key, struct timer *t)
{
	int cpu;

	count(&stats.periods);
	refilled_ns = bpf_ktime_get_ns();
	__sync_fetch_and_add(&budget_ns, quota_ns);
	WRITE_ONCE(refill_started, 0);
	refill_later();	/* if the last period was overrun by more than a quota */
	bpf_for(cpu, 0, nr_cpus)
		scx_bpf_kick_cpu(cpu, 0);
	return 0;
}

static int budget_ends(void *map, int *key, struct timer *t)
{
	__u32 cpu = *key & (MAX_CPUS - 1);
	__u64 now = bpf_ktime_get_ns();

	count(&stats.fired);
	if (!cpus[cpu].since_ns || now + EARLY_NS < cpus[cpu].due_ns) {
		count(&stats.stale);
		return 0;
	}
	count(&stats.preempted);
	scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
	return 0;
}

/* ---- the scheduler ---- */

SEC("struct_ops/select_cpu")
int BPF_PROG(limiter_select_cpu, struct task_struct *p, int prev_cpu, __u64 wake_flags)
{
	return prev_cpu;
}

SEC("struct_ops/enqueue")
void BPF_PROG(limiter_enqueue, struct task_struct *p, __u64 enq_flags)
{
	scx_bpf_dsq_insert(p, QUEUE, SCX_SLICE_INF, enq_flags);
	/* Its CPU has nothing else, and would not look into the queue before it is told to. */
	if (enq_flags & SCX_ENQ_LAST && READ_ONCE(budget_ns) > 0)
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), 0);
	refill_later();
}

SEC("struct_ops/dispatch")
void BPF_PROG(limiter_dispatch, int cpu, struct task_struct *prev)
{
	if (READ_ONCE(budget_ns) > 0)
		scx_bpf_dsq_move_to_local(QUEUE);
	else
		refill_later();
}

/* Not always the CPU on which this runs: who changes a property of a running task stops it and lets it go on, from afar. */
static __always_inline __u32 cpu_of(struct task_struct *p)
{
	return scx_bpf_task_cpu(p) & (MAX_CPUS - 1);
}

SEC("struct_ops/running")
void BPF_PROG(limiter_running, struct task_struct *p)
{
	__u32 cpu = cpu_of(p);
	__s64 left = READ_ONCE(budget_ns);

	if (left < MIN_RUN_NS)
		left = MIN_RUN_NS;
	cpus[cpu].since_ns = bpf_ktime_get_ns();
	cpus[cpu].due_ns = cpus[cpu].since_ns + left;
	if (start(cpu, left, cpu == bpf_get_smp_processor_id() ? BPF_F_TIMER_CPU_PIN : 0))
		scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);	/* nothing would end the run */
}

SEC("struct_ops/stopping")
void BPF_PROG(limiter_stopping, struct task_struct *p, bool runnable)
{
	__u32 cpu = cpu_of(p);
	__u64 now = bpf_ktime_get_ns();

	if (!cpus[cpu].since_ns)
		return;
	cancel(cpu);
	charge(cpu, now);
	cpus[cpu].since_ns = 0;
	if (now > cpus[cpu].due_ns && now - cpus[cpu].due_ns > stats.over_ns)
		stats.over_ns = now - cpus[cpu].due_ns;
	refill_later();
}

/* Ahead of time, where memory can be waited for. */
SEC("struct_ops.s/init")
int BPF_PROG(limiter_init)
{
	int key, err = scx_bpf_create_dsq(QUEUE, -1);

	bpf_for(key, 0, MAX_CPUS + 1) {
		struct timer *t = bpf_map_lookup_elem(&timers, &key);

		if (err || !t)
			break;
		err = bpf_timer_init(&t->timer, &timers, CLOCK_MONOTONIC);
		if (!err && key == REFILL)
			err = bpf_timer_set_callback(&t->timer, refill);
		else if (!err)
			err = bpf_timer_set_callback(&t->timer, budget_ends);
	}
	budget_ns = quota_ns;
	refilled_ns = bpf_ktime_get_ns();
	return err;
}

SEC(".struct_ops.link")
struct sched_ext_ops limiter = {
	.select_cpu = (void *)limiter_select_cpu,
	.enqueue = (void *)limiter_enqueue,
	.dispatch = (void *)limiter_dispatch,
	.running = (void *)limiter_running,
	.stopping = (void *)limiter_stopping,
	.init = (void *)limiter_init,
	.flags = SCX_OPS_ENQ_LAST | SCX_OPS_SWITCH_PARTIAL,
	.timeout_ms = 30000,	/* the longest that there is: an emulated guest may stand still for seconds */
	.name = "limiter",
};
