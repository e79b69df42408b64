// SPDX-License-Identifier: GPL-2.0
/*
 * Timers and workqueues from NMI context.
 *
 * one_nmi() is what a profiler's or a watchdog's NMI program might do: keep a timer and a work per event source,
 * start them, change what they call, stop them, and throw the element away again. On a patched kernel it may be
 * called from a perf_event program (a PMU overflow, an NMI on x86 and on arm64 with pseudo NMIs) and from a program
 * attached to an NMI handler; on Linux 6.19 the verifier refuses the first and the calls of the second fail with
 * -EOPNOTSUPP.
 *
 * What to take away for your own program:
 *   - call bpf_timer_start() and bpf_wq_start() freely: in an NMI they leave the command in the timer and return 0; the
 *     timer is armed as soon as the CPU can take an interrupt. The last command wins.
 *   - use bpf_timer_cancel_async() where bpf_timer_cancel() would have to wait: it returns -ECANCELED for "left
 *     there", 0 or 1 as bpf_timer_cancel() does, -1 if the callback is running now.
 *   - bpf_timer_init() allocates, so it alone may return -ENOMEM, and -EBUSY for a timer that exists already.
 *   - -ENOENT says that somebody deleted the element that you are still holding, -EINVAL that nobody initialised it.
 */
#include "shared.bpf.h"
#include "nmi_timers.h"

char LICENSE[] SEC("license") = "GPL";

/* Weak, so that the same object loads on a kernel without them. */
extern int bpf_timer_cancel_async(struct bpf_timer *timer) __weak __ksym;
extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __weak __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __weak __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (callback)(void *map, int *key, void *value),
				    unsigned int flags, void *aux) __weak __ksym;
extern int bpf_testmod_nmi_ipi(int cpu) __weak __ksym;

/* Timers and works that belong to one CPU: slot n of CPU c has the key c * SLOTS + n. */
struct timer_slot {
	struct bpf_timer timer;
	struct slot s;
};

struct work_slot {
	struct bpf_wq wq;
	struct slot s;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS * SLOTS);
	__type(key, int);
	__type(value, struct timer_slot);
} timers SEC(".maps"), cancelled SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS * SLOTS);
	__type(key, int);
	__type(value, struct work_slot);
} works SEC(".maps");

/* Elements that come and go. `elems` belong to one CPU each, `shared` to everybody. */
struct elem {
	struct bpf_timer timer;
	struct bpf_wq wq;
	struct life l;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CPUS * ELEMS);
	__type(key, int);
	__type(value, struct elem);
} elems SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SHARED);
	__type(key, int);
	__type(value, struct elem);
} shared SEC(".maps");

struct counters counters;
__u64 deleted_ns[MAX_CPUS * ELEMS];	/* when the element was deleted, 0 while it is there */
bool stop;				/* set before the end, so that everything can drain */

static __always_inline long note(enum who who, enum op op, long ret)
{
	__u32 i = ret == 1 ? RET_ONE : ret > 0 || ret <= -RET_ONE ? RET_OTHER : -ret;

	count(&counters.done[who][op][i & (NR_RET - 1)]);
	return ret;
}

/* ---- callbacks ---- */

static __always_inline void measure(__u64 start_ns, __u64 now)
{
	__u64 ns = now - start_ns, max;
	__u32 e, i;

	if (now < start_ns)	/* an NMI started it again since this callback read the clock */
		return;
	e = 63 - __builtin_clzll(ns | 1);
	i = e < 3 ? ns : (e - 2) * 8 + ((ns >> (e - 3)) & 7);
	count(&counters.hist[i & (NR_HIST - 1)]);
	for (i = 0; i < 4; i++) {
		max = counters.max_ns;
		if (ns <= max || __sync_val_compare_and_swap(&counters.max_ns, max, ns) == max)
			break;
	}
}

static __always_inline int timer_ran(__u32 key, struct timer_slot *t, int which)
{
	__u64 now = bpf_ktime_get_ns(), started = t->s.started, start_ns = t->s.start_ns;
	__u32 slot = key % SLOTS;

	count(&counters.timer_runs);
	if (slot % 4 && started != t->s.ran)
		measure(start_ns, now);
	if (slot % 2 && bpf_get_smp_processor_id() != key / SLOTS)
		count(&counters.wrong_cpu);
	t->s.runs++;
	t->s.last = which;
	t->s.ran = started;
	return 0;
}

static int timer_cb0(void *map, int *key, struct timer_slot *t)
{
	return timer_ran(*key, t, 0);
}

static int timer_cb1(void *map, int *key, struct timer_slot *t)
{
	return timer_ran(*key, t, 1);
}

static int cancelled_cb(void *map, int *key, struct timer_slot *t)
{
	count(&counters.cancelled_ran);
	return 0;
}

static __always_inline int work_ran(struct work_slot *w, int which)
{
	__u64 started = w->s.started;

	count(&counters.wq_runs);
	w->s.runs++;
	w->s.last = which;
	w->s.ran = started;
	return 0;
}

static int work_cb0(void *map, int *key, void *value)
{
	return work_ran(value, 0);
}

static int work_cb1(void *map, int *key, void *value)
{
	return work_ran(value, 1);
}

static int elem_timer_cb(void *map, int *key, struct elem *e)
{
	__u64 now = bpf_ktime_get_ns(), deleted;

	count(&counters.timer_runs);
	deleted = deleted_ns[*key & (MAX_CPUS * ELEMS - 1)];
	if (deleted ? now > deleted + SLACK_NS : now + EARLY_NS < e->l.due_ns)
		count(&counters.stale_ran);
	e->l.fired = 1;
	return 0;
}

static int shared_timer_cb(void *map, int *key, struct elem *e)
{
	count(&counters.timer_runs);
	return 0;
}

static int elem_wq_cb(void *map, int *key, void *value)
{
	struct elem *e = value;

	count(&counters.wq_runs);
	e->l.worked = 1;
	return 0;
}

/* ---- what one NMI does ---- */

/* Three timers in four start at once, the fourth in 20 ms, so that the next start finds it queued. Odd ones are
 * pinned to this CPU. Every other round changes the callback.
 */
static void own_timer(int cpu, __u64 n)
{
	int slot = n % SLOTS, key = cpu * SLOTS + slot;
	struct timer_slot *t = bpf_map_lookup_elem(&timers, &key);
	bool change = n & SLOTS;

	if (!t)
		return;
	if (!t->s.ready) {
		if (note(OWN, INIT, bpf_timer_init(&t->timer, &timers, CLOCK_MONOTONIC)))
			return;
		t->s.ready = 1;
		change = true;
	}
	if (change) {
		t->s.want = !t->s.want;
		if (t->s.want)
			note(OWN, SET_CB, bpf_timer_set_callback(&t->timer, timer_cb1));
		else
			note(OWN, SET_CB, bpf_timer_set_callback(&t->timer, timer_cb0));
	}
	t->s.start_ns = bpf_ktime_get_ns();
	t->s.started = n;
	if (!note(OWN, START, bpf_timer_start(&t->timer, slot % 4 ? 0 : 20000000, slot % 2 ? BPF_F_TIMER_CPU_PIN : 0)))
		t->s.starts++;
}

/* Started and cancelled in the same NMI: must never fire. */
static void own_cancelled(int cpu, __u64 n)
{
	int key = cpu * SLOTS + n % SLOTS;
	struct timer_slot *t = bpf_map_lookup_elem(&cancelled, &key);

	if (!t || !bpf_ksym_exists(bpf_timer_cancel_async))
		return;
	if (!t->s.ready) {
		if (note(OWN, INIT, bpf_timer_init(&t->timer, &cancelled, CLOCK_MONOTONIC)))
			return;
		note(OWN, SET_CB, bpf_timer_set_callback(&t->timer, cancelled_cb));
		t->s.ready = 1;
	}
	note(OWN, START, bpf_timer_start(&t->timer, 0, 0));
	note(OWN, CANCEL, bpf_timer_cancel_async(&t->timer));
}

static void own_work(int cpu, __u64 n)
{
	int key = cpu * SLOTS + n % SLOTS;
	struct work_slot *w = bpf_map_lookup_elem(&works, &key);
	bool change = n & SLOTS;

	if (!w)
		return;
	if (!w->s.ready) {
		if (note(OWN, WQ_INIT, bpf_wq_init(&w->wq, &works, 0)))
			return;
		w->s.ready = 1;
		change = true;
	}
	if (change) {
		w->s.want = !w->s.want;
		if (w->s.want)
			note(OWN, WQ_SET_CB, bpf_wq_set_callback_impl(&w->wq, work_cb1, 0, NULL));
		else
			note(OWN, WQ_SET_CB, bpf_wq_set_callback_impl(&w->wq, work_cb0, 0, NULL));
	}
	w->s.started = n;
	if (!note(OWN, WQ_START, bpf_wq_start(&w->wq, 0)))
		w->s.starts++;
}

/* An element with a timer and a work is made by one NMI and deleted by a later one. Every fourth is left to fire. */
static void own_elem(int cpu, __u64 n)
{
	int key = cpu * ELEMS + n % ELEMS;
	struct elem fresh = {}, *e = bpf_map_lookup_elem(&elems, &key);

	if (e) {
		if (key % 4 == 0 && !e->l.fired)
			return;
		if (!note(OWN, MAP_DEL, bpf_map_delete_elem(&elems, &key)))
			deleted_ns[key & (MAX_CPUS * ELEMS - 1)] = bpf_ktime_get_ns();
		return;
	}
	fresh.l.due_ns = bpf_ktime_get_ns() + ELEM_DELAY_NS;
	if (note(OWN, MAP_ADD, bpf_map_update_elem(&elems, &key, &fresh, BPF_NOEXIST)))
		return;
	deleted_ns[key & (MAX_CPUS * ELEMS - 1)] = 0;
	e = bpf_map_lookup_elem(&elems, &key);
	if (!e)
		return;
	if (!note(OWN, INIT, bpf_timer_init(&e->timer, &elems, CLOCK_MONOTONIC))) {
		note(OWN, SET_CB, bpf_timer_set_callback(&e->timer, elem_timer_cb));
		note(OWN, START, bpf_timer_start(&e->timer, ELEM_DELAY_NS, 0));
	} else {
		e->l.fired = 1;	/* out of memory: nothing to wait for */
	}
	if (!note(OWN, WQ_INIT, bpf_wq_init(&e->wq, &elems, 0))) {
		note(OWN, WQ_SET_CB, bpf_wq_set_callback_impl(&e->wq, elem_wq_cb, 0, NULL));
		note(OWN, WQ_START, bpf_wq_start(&e->wq, 0));
	} else {
		e->l.worked = 1;
	}
}

/* Any operation on any of the shared elements, in step with nobody. */
static void any_shared(enum who who)
{
	__u32 dice = bpf_get_prandom_u32();
	int key = dice % SHARED;
	struct elem fresh = {}, *e = bpf_map_lookup_elem(&shared, &key);

	dice = (dice >> 16) % 16;
	if (!e) {
		note(who, MAP_ADD, bpf_map_update_elem(&shared, &key, &fresh, BPF_NOEXIST));
		return;
	}
	if (dice < 1)
		note(who, MAP_DEL, bpf_map_delete_elem(&shared, &key));
	else if (dice < 3)
		note(who, INIT, bpf_timer_init(&e->timer, &shared, CLOCK_MONOTONIC));
	else if (dice < 5)
		note(who, SET_CB, bpf_timer_set_callback(&e->timer, shared_timer_cb));
	else if (dice < 9)
		note(who, START, bpf_timer_start(&e->timer, dice << 14, 0));
	else if (dice < 11 && bpf_ksym_exists(bpf_timer_cancel_async))
		note(who, CANCEL, bpf_timer_cancel_async(&e->timer));
	else if (dice < 12)
		note(who, WQ_INIT, bpf_wq_init(&e->wq, &shared, 0));
	else if (dice < 14)
		note(who, WQ_SET_CB, bpf_wq_set_callback_impl(&e->wq, elem_wq_cb, 0, NULL));
	else
		note(who, WQ_START, bpf_wq_start(&e->wq, 0));
}

static void one_nmi(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 n;

	if (stop || cpu >= MAX_CPUS)
		return;
	if (!in_nmi()) {
		count(&counters.not_nmi);
		return;
	}
	n = __sync_add_and_fetch(&counters.nmis[cpu], 1);
	own_timer(cpu, n);
	own_cancelled(cpu, n);
	own_work(cpu, n);
	own_elem(cpu, n);
	any_shared(SHARED_NMI);
}

/* ---- where it is attached ---- */

SEC("?perf_event")
int on_pmu_nmi(void *ctx)
{
	one_nmi();
	return 0;
}

/* Virtual machines often have no PMU. The kernel's test module sends NMIs to itself and calls this function. */
SEC("?fentry/bpf_testmod_nmi_handler")
int on_nmi_handler(void *ctx)
{
	one_nmi();
	return 0;
}

SEC("?syscall")
int send_nmis(struct ipi_args *args)
{
	__u32 i, n = args->count;

	for (i = 0; i < 64 && i < n; i++) {
		args->error = bpf_testmod_nmi_ipi(args->cpu);
		if (args->error)
			break;
	}
	return 0;
}

/* The same from a task, so that NMIs find timers and works at work. */
SEC("?syscall")
int task_side(void *ctx)
{
	if (!stop)
		any_shared(SHARED_TASK);
	return 0;
}
