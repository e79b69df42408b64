// SPDX-License-Identifier: GPL-2.0
/*
 * A watchdog for interrupts that are kept off.
 *
 * On each CPU beat() runs in interrupts, every few milliseconds, and watch() in NMIs. An NMI that finds the last
 * beat too long ago writes down where the CPU is, and hands the case to a workqueue. In an NMI that only leaves the start
 * in the bpf_wq; it is queued when the CPU takes interrupts again, which is just when the case is over. The callback may
 * sleep: it reads the command line out of the process's memory, which may have to be paged in.
 */
#include "shared.bpf.h"
#include "irqoff_watchdog.h"

char LICENSE[] SEC("license") = "GPL";

/* Weak, so that the same object loads on a kernel without them. Linux 7.0 has the second name for the first. */
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (callback)(void *map, int *key, void *value),
				    unsigned int flags, void *aux) __weak __ksym;
extern int bpf_wq_set_callback(struct bpf_wq *wq, int (callback)(void *map, int *key, void *value),
			       unsigned int flags) __weak __ksym;
extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __weak __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __weak __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __weak __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __weak __ksym;
extern int bpf_testmod_nmi_ipi(int cpu) __weak __ksym;

struct mm_struct { unsigned long arg_start, arg_end; } __attribute__((preserve_access_index));
struct task_struct { struct mm_struct *mm; } __attribute__((preserve_access_index));
extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

struct worker {
	struct bpf_wq wq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, int);
	__type(value, struct worker);
} workers SEC(".maps");

struct beater {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, int);
	__type(value, struct beater);
} beaters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} reports SEC(".maps");

struct {
	__u64 last_ns;
	__u32 missed;			/* NMIs since the last beat */
} beats[MAX_CPUS];
struct stuck stuck[MAX_CPUS];
__u64 nmis;
__u64 refused;
__u64 threshold_ns;

static void beat(void)
{
	__u32 cpu = bpf_get_smp_processor_id() & (MAX_CPUS - 1);
	__u64 now = bpf_ktime_get_ns();
	struct stuck *s = &stuck[cpu];

	/* The case of this gap ends. Later ones leave it alone, however late somebody looks at it. */
	if (READ_ONCE(s->state) == OPEN && s->since_ns == beats[cpu].last_ns)
		WRITE_ONCE(s->until_ns, now);
	beats[cpu].last_ns = now;
	beats[cpu].missed = 0;
}

/* The CPU clock comes in a hard interrupt, so also where softirqs are off. But perf throttles an event that it sees too
 * often between two ticks, and while a CPU is idle it has none.
 */
SEC("perf_event")
int clock_beat(void *ctx)
{
	beat();
	return 0;
}

/* A bpf_timer comes to an idle CPU, too. */
static int timer_beat(void *map, int *key, struct beater *b)
{
	beat();
	bpf_timer_start(&b->timer, BEAT_NS, BPF_F_TIMER_CPU_PIN);
	return 0;
}

/* To be run on the CPU that it is for. */
SEC("syscall")
int start_beats(void *ctx)
{
	int key = bpf_get_smp_processor_id();
	struct beater *b = bpf_map_lookup_elem(&beaters, &key);
	int err;

	if (!b)
		return -1;
	err = bpf_timer_init(&b->timer, &beaters, CLOCK_MONOTONIC);
	err = err ?: bpf_timer_set_callback(&b->timer, timer_beat);
	return err ?: bpf_timer_start(&b->timer, 0, BPF_F_TIMER_CPU_PIN);
}

/* In NMI. The case that is new, if there is one. */
static __always_inline struct stuck *notice(void *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id() & (MAX_CPUS - 1);
	__u64 now = bpf_ktime_get_ns(), last = beats[cpu].last_ns;
	struct stuck *s = &stuck[cpu];
	long bytes;

	if (!in_nmi())
		return NULL;
	count(&nmis);
	if (!last || ++beats[cpu].missed < MISSED || now - last < threshold_ns)
		return NULL;
	if (READ_ONCE(s->state) != FREE || s->since_ns == last)
		return NULL;
	s->cpu = cpu;
	s->since_ns = last;
	s->noticed_ns = now;
	s->until_ns = 0;
	s->tgid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(s->comm, sizeof(s->comm));
	bytes = bpf_get_stack(ctx, s->ip, sizeof(s->ip), 0);
	s->frames = bytes > 0 ? bytes / sizeof(s->ip[0]) : 0;
	WRITE_ONCE(s->state, OPEN);
	return s;
}

static __always_inline int watch_and_hand_over(void *ctx)
{
	struct stuck *s = notice(ctx);
	int key = bpf_get_smp_processor_id();
	struct worker *w = bpf_map_lookup_elem(&workers, &key);

	if (s && w && bpf_wq_start(&w->wq, 0)) {
		count(&refused);
		s->since_ns = 0;	/* the next NMI tries again */
		WRITE_ONCE(s->state, FREE);
	}
	return 0;
}

/* A PMU's NMI. */
SEC("?perf_event")
int watch(void *ctx)
{
	return watch_and_hand_over(ctx);
}

/* The same on a kernel that has no bpf_wq for perf_event programs: user space polls. */
SEC("?perf_event")
int watch_polled(void *ctx)
{
	notice(ctx);
	return 0;
}

/* Virtual machines often have no PMU. For them, NMIs that the kernel's test module sends. */
SEC("?fentry/bpf_testmod_nmi_handler")
int watch_ipi(void *ctx)
{
	return watch_and_hand_over(ctx);
}

SEC("?fentry/bpf_testmod_nmi_handler")
int watch_ipi_polled(void *ctx)
{
	notice(ctx);
	return 0;
}

SEC("?syscall")
int send_nmi(struct ipi_args *args)
{
	args->error = bpf_testmod_nmi_ipi(args->cpu);
	return 0;
}

/* ---- what may sleep ---- */

static void read_cmdline(struct stuck *s)
{
	struct task_struct *task = bpf_task_from_pid(s->tgid);
	__u64 start, bytes;

	if (!task)
		return;
	if (task->mm) {
		start = task->mm->arg_start;
		bytes = task->mm->arg_end - start;
		if (bytes > sizeof(s->cmdline))
			bytes = sizeof(s->cmdline);
		bpf_copy_from_user_task(s->cmdline, bytes, (void *)start, task, 0);
	}
	bpf_task_release(task);
}

static int collect(void *map, int *key, void *value)
{
	__u32 cpu = *key & (MAX_CPUS - 1);
	struct stuck *s = &stuck[cpu];

	__builtin_memset(s->cmdline, 0, sizeof(s->cmdline));
	if (s->tgid)
		read_cmdline(s);
	s->collected_ns = bpf_ktime_get_ns();
	/* If the first beat was not quicker than the worker: it is over in any case. */
	if (!READ_ONCE(s->until_ns))
		s->until_ns = s->collected_ns;
	bpf_ringbuf_output(&reports, s, sizeof(*s), 0);
	WRITE_ONCE(s->state, FREE);
	return 0;
}

SEC("?syscall")
int setup(const int *cpu)
{
	int key = *cpu, err;
	struct worker *w = bpf_map_lookup_elem(&workers, &key);

	if (!w)
		return -1;
	err = bpf_wq_init(&w->wq, &workers, 0);
	if (err)
		return err;
	if (bpf_ksym_exists(bpf_wq_set_callback_impl))
		return bpf_wq_set_callback_impl(&w->wq, collect, 0, NULL);
	return bpf_wq_set_callback(&w->wq, collect, 0);
}

/* ---- something to notice ---- */

static int until(__u32 i, __u64 *end)
{
	return bpf_ktime_get_ns() > *end;
}

SEC("?syscall")
int hold_interrupts_off(struct hold_args *args)
{
	__u64 end = bpf_ktime_get_ns() + args->ns;
	unsigned long flags;
	int i;

	bpf_local_irq_save(&flags);
	/* One bpf_loop() goes around 8M times at most: a fraction of a second. */
	for (i = 0; i < 64 && bpf_ktime_get_ns() <= end; i++)
		bpf_loop(1 << 23, until, &end, 0);
	bpf_local_irq_restore(&flags);
	return 0;
}
