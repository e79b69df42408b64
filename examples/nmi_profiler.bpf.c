// SPDX-License-Identifier: GPL-2.0
/*
 * A profiler that hands over its samples in batches.
 *
 * The sampler runs in NMI: a ring buffer record for each sample would be a lock that may be taken, and a wake-up of the
 * reader, a thousand times a second and CPU. Here it only fills a buffer of its CPU, and the first sample of a batch
 * starts a timer. The timer's callback runs in softirq on the same CPU and sends the whole batch.
 *
 * The two halves of the buffer need no lock: an NMI is over before the callback that it interrupted goes on, so when the
 * callback has turned `active` over, nobody writes to the old half. That takes a timer that is pinned to the CPU that
 * started it.
 */
#include "shared.bpf.h"
#include "nmi_profiler.h"

char LICENSE[] SEC("license") = "GPL";

struct flusher {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, int);
	__type(value, struct flusher);
} flushers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records SEC(".maps");

struct {
	__u32 active;
	struct batch half[2];
} buffers[MAX_CPUS];
struct stats stats;
bool stopped;

static __always_inline void take(void *ctx, struct sample *s)
{
	long bytes = bpf_get_stack(ctx, s->ip, sizeof(s->ip), 0);

	s->frames = bytes > 0 ? bytes / sizeof(s->ip[0]) : 0;
	s->tgid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(s->comm, sizeof(s->comm));
	count(&stats.taken);
	if (in_nmi())
		count(&stats.in_nmi);
}

/* ---- with timers from NMI ---- */

static int flush(void *map, int *key, struct flusher *f)
{
	__u32 cpu = *key & (MAX_CPUS - 1), old = READ_ONCE(buffers[cpu].active) & 1;
	struct batch *batch = &buffers[cpu].half[old];
	__u64 nr;

	WRITE_ONCE(buffers[cpu].active, !old);
	nr = READ_ONCE(batch->nr);
	if (!nr)
		return 0;
	barrier_var(nr); /* or the compiler makes one comparison of the two that the verifier does not follow */
	if (nr <= BATCH) {
		count(&stats.records);
		if (bpf_ringbuf_output(&records, batch, sizeof(batch->nr) + nr * sizeof(struct sample), 0))
			__sync_fetch_and_add(&stats.lost, nr);
	}
	WRITE_ONCE(batch->nr, 0);
	return 0;
}

/* A later start replaces an earlier one. A kernel that may refuse a start, because it allocates in it, gets another one
 * from a later sample.
 */
static __always_inline void flush_in(struct flusher *f, __u64 ns)
{
	long err = bpf_timer_start(&f->timer, ns, BPF_F_TIMER_CPU_PIN);

	count(&stats.starts);
	if (err) {
		count(&stats.refused);
		stats.refusal = err;
	}
}

SEC("?perf_event")
int sample_batched(void *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id() & (MAX_CPUS - 1), key = cpu;
	struct flusher *f = bpf_map_lookup_elem(&flushers, &key);
	struct batch *batch = &buffers[cpu].half[READ_ONCE(buffers[cpu].active) & 1];
	__u64 nr = batch->nr;

	if (!f || stopped)
		return 0;
	if (nr >= BATCH) {
		count(&stats.dropped);
		flush_in(f, 0);
		return 0;
	}
	take(ctx, &batch->samples[nr]);
	batch->nr = nr + 1;
	if (nr == 0)
		flush_in(f, FLUSH_NS);
	else if (nr == BATCH / 2)
		flush_in(f, 0);
	return 0;
}

/* Ahead of time, where memory can be waited for. */
SEC("?syscall")
int setup(const int *cpu)
{
	int key = *cpu;
	struct flusher *f = bpf_map_lookup_elem(&flushers, &key);
	int err;

	if (!f)
		return -1;
	err = bpf_timer_init(&f->timer, &flushers, CLOCK_MONOTONIC);
	return err ?: bpf_timer_set_callback(&f->timer, flush);
}

/* ---- without ---- */

SEC("?perf_event")
int sample_alone(void *ctx)
{
	struct {
		__u64 nr;
		struct sample sample;
	} *record;

	if (stopped)
		return 0;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count(&stats.taken);
		count(&stats.lost);
		return 0;
	}
	count(&stats.records);
	record->nr = 1;
	take(ctx, &record->sample);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
