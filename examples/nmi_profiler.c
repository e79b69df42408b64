// SPDX-License-Identifier: GPL-2.0
/*
 * Where do the CPUs spend their time? Samples kernel stacks on all of them, a thousand times a second, and prints the
 * most frequent ones.
 *
 * usage: nmi_profiler [SECONDS]      exit: 0 done, 1 samples are unaccounted for, 2 usage, 3 set-up
 *
 * Samples are taken in NMI where there is a PMU, so also where interrupts are off; elsewhere (most virtual machines) by
 * the CPU clock, in a hard interrupt. On a kernel where perf_event programs may use bpf_timer they are handed over in
 * batches; on others one by one, and some may be lost. It says which at the start. Needs root.
 */
#include <signal.h>
#include "shared.h"
#include "nmi_profiler.h"
#include "nmi_profiler.skel.h"

#define HZ 999
#define MAX_STACKS 8192
#define TOP 10
#define DRAIN_MS 5000

struct stack {
	struct sample s;
	unsigned long long hits;
};

static struct stack stacks[MAX_STACKS];
static int nr_stacks;
static unsigned long long received, uncounted;
static volatile int stopped;

static void stop(int sig)
{
	stopped = 1;
}

static void add(const struct sample *s)
{
	int i;

	for (i = 0; i < nr_stacks; i++) {
		struct sample *known = &stacks[i].s;

		if (s->frames != known->frames || strncmp(s->comm, known->comm, sizeof(s->comm)) ||
		    memcmp(s->ip, known->ip, s->frames * sizeof(s->ip[0])))
			continue;
		stacks[i].hits++;
		return;
	}
	if (nr_stacks == MAX_STACKS) {
		uncounted++;
		return;
	}
	stacks[nr_stacks].s = *s;
	stacks[nr_stacks++].hits = 1;
}

static int on_record(void *ctx, void *data, size_t size)
{
	struct batch *batch = data;
	unsigned long long i;

	received += batch->nr;
	for (i = 0; i < batch->nr; i++) {
		struct sample s = batch->samples[i];
		unsigned int f;

		for (f = 0; f < s.frames; f++)
			s.ip[f] = ksym(s.ip[f])->addr;
		add(&s);
	}
	return 0;
}

static int by_hits(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	return x->hits > y->hits ? -1 : x->hits < y->hits;
}

static void print_stacks(void)
{
	unsigned int f;
	int i;

	qsort(stacks, nr_stacks, sizeof(stacks[0]), by_hits);
	for (i = 0; i < nr_stacks && i < TOP; i++) {
		const struct sample *s = &stacks[i].s;

		printf("%5.1f%%  %-16.16s", 100.0 * stacks[i].hits / received, s->comm);
		for (f = 0; f < s->frames && f < 6; f++)
			printf(" %s%s", f ? "< " : "", ksym(s->ip[f])->name);
		puts(s->frames ? "" : " [user space]");
	}
	if (uncounted)
		printf("%llu samples had stacks beyond the first %d kinds\n", uncounted, MAX_STACKS);
}

static struct nmi_profiler_bpf *load(bool batched)
{
	struct nmi_profiler_bpf *skel = nmi_profiler_bpf__open();

	if (!skel)
		die("cannot open the BPF object: %s", strerror(errno));
	bpf_program__set_autoload(batched ? skel->progs.sample_batched : skel->progs.sample_alone, true);
	bpf_program__set_autoload(skel->progs.setup, batched);
	bpf_map__set_autocreate(skel->maps.flushers, batched);
	if (nmi_profiler_bpf__load(skel))
		die("the BPF object does not load");
	return skel;
}

int main(int argc, char **argv)
{
	int cpu, cpus = sysconf(_SC_NPROCESSORS_CONF), seconds = argc > 1 ? atoi(argv[1]) : 5, wakeups = 0, ms, n;
	long long begin;
	struct event cycles = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, HZ };
	struct event clock = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, HZ };
	struct nmi_profiler_bpf *skel;
	struct ring_buffer *ring;
	struct features f;
	struct stats *st;
	bool pmu, ok;

	if (argc > 2 || seconds < 1) {
		fprintf(stderr, "usage: %s [SECONDS]\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (cpus > MAX_CPUS)
		die("more than %d CPUs", MAX_CPUS);
	f = probe_features();
	pmu = has_pmu();
	printf("source: %s\n", pmu ? "CPU cycles, in NMI" :
	       "no PMU here: CPU clock, in a hard interrupt; what runs with interrupts off is charged to where they come back on");
	printf("mode: %s\n", f.timer ? "batches, handed over by timers that the sampler starts" :
	       "one record for each sample: this kernel has no timers for perf_event programs");

	skel = load(f.timer);
	st = &skel->bss->stats;
	ring = ring_buffer__new(bpf_map__fd(skel->maps.records), on_record, NULL, NULL);
	if (!ring)
		die("cannot open the ring buffer: %s", strerror(errno));
	for (cpu = 0; f.timer && cpu < cpus; cpu++)
		if (run_syscall_prog(skel->progs.setup, &cpu, sizeof(cpu)))
			die("cannot initialise the timer of CPU %d", cpu);
	read_ksyms();
	signal(SIGINT, stop);
	attach_event(f.timer ? skel->progs.sample_batched : skel->progs.sample_alone, pmu ? cycles : clock);

	begin = now_ms();
	for (ms = 0; ms < 1000 * seconds && !stopped; ms = now_ms() - begin) {
		n = ring_buffer__poll(ring, 100);
		wakeups += n > 0;
	}
	WRITE_ONCE(skel->bss->stopped, true);
	/* The last batches come when their timers do. */
	for (ms = 0; ms < DRAIN_MS && (ms < 100 || received + st->lost < st->taken); ms += 10)
		ring_buffer__poll(ring, 10);

	if (received)
		print_stacks();
	ok = received + st->lost == st->taken;
	printf("%llu samples, %llu of them in NMI: %llu received, %llu lost, %llu unaccounted for; %llu more dropped\n", st->taken,
	       st->in_nmi, received, st->lost, st->taken - st->lost - received, st->dropped);
	printf("%llu records, the reader was woken %d times\n", st->records, wakeups);
	if (f.timer)
		printf("%llu timer starts by the sampler, %llu refused%s%s\n", st->starts, st->refused, st->refused ? ": " : "",
		       st->refused ? strerror(-st->refusal) : "");
	ring_buffer__free(ring);
	nmi_profiler_bpf__destroy(skel);
	return !ok;
}
