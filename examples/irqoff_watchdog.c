// SPDX-License-Identifier: GPL-2.0
/*
 * Who keeps interrupts off for too long? Reports each case: for how long, on which CPU, where, and what process.
 *
 * usage: irqoff_watchdog [SECONDS]      watch for that long (until Ctrl-C), for more than 40 ms with interrupts off
 *        irqoff_watchdog --try MS       keep interrupts off for that long, to see it noticed (by a BPF program; 45 to 1000)
 *        exit: 0 done, 1 --try was not noticed, 2 usage, 3 set-up
 *
 * Needs root and a source of NMIs: a PMU, or the kernel's test module bpf_testmod, which sends them from other CPUs. On a
 * kernel where perf_event programs may use bpf_wq the NMI hands a case to a worker, which collects the details as soon as
 * interrupts are back; on others this program looks for cases ten times a second and collects what is still there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include "shared.h"
#include "irqoff_watchdog.h"
#include "irqoff_watchdog.skel.h"

#define THRESHOLD_MS 40
#define NMI_CYCLES 10000000	/* 10 ms at 1 GHz, 2.5 at 4 */
#define IPI_US 5000
#define ENOUGH_SAMPLES 10000
#define POLL_MS 100
#define WAIT_MS 15000

static struct irqoff_watchdog_bpf *skel;
static volatile bool stopped;
static int cases, tried = -1, try_ms;
static bool noticed;

static void stop(int sig)
{
	stopped = true;
}

/* ---- reports ---- */

/* Arguments end with a zero byte each. */
static void join(char *cmdline, int size)
{
	int i;

	for (i = 0; i < size - 2; i++)
		if (!cmdline[i] && cmdline[i + 1])
			cmdline[i] = ' ';
	cmdline[size - 1] = 0;
}

static void print_case(struct stuck *s, const char *collector)
{
	unsigned int f, first = 0;

	if (noticed)	/* what --try asked for is the last */
		return;
	cases++;
	noticed |= tried > 0 && s->tgid == tried && s->until_ns - s->since_ns >= try_ms * 1000000ULL;
	read_ksyms();
	join(s->cmdline, sizeof(s->cmdline));
	printf("CPU %u: interrupts off for %.1f ms, noticed after %.1f ms, in %s (pid %u)\n", s->cpu,
	       (s->until_ns - s->since_ns) / 1e6, (s->noticed_ns - s->since_ns) / 1e6, s->comm, s->tgid);
	printf("  command line, %.1f ms later by %s: %s\n", ((long long)(s->collected_ns - s->until_ns)) / 1e6, collector,
	       s->cmdline[0] ? s->cmdline : "(none)");
	/* What handles the NMI itself is on top, if the unwinder starts there. */
	for (f = 0; f < s->frames; f++)
		if (strstr(ksym(s->ip[f])->name, "_nmi"))
			first = f + 1;
	for (f = first; f < s->frames; f++)
		printf("    %s\n", ksym(s->ip[f])->name);
}

static int on_report(void *ctx, void *data, size_t size)
{
	struct stuck s = *(struct stuck *)data;

	print_case(&s, "the worker");
	return 0;
}

/* Without workers: what can still be had from here. */
static void look(int cpus)
{
	char path[32];
	int cpu, fd;

	usleep(POLL_MS * 1000);
	for (cpu = 0; cpu < cpus; cpu++) {
		struct stuck *s = &skel->bss->stuck[cpu], copy;

		if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) != OPEN ||
		    !__atomic_load_n(&s->until_ns, __ATOMIC_RELAXED))
			continue;
		copy = *s;
		snprintf(path, sizeof(path), "/proc/%u/cmdline", copy.tgid);
		memset(copy.cmdline, 0, sizeof(copy.cmdline));
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, copy.cmdline, sizeof(copy.cmdline) - 1) <= 0)
			strcpy(copy.cmdline, "(the process is gone)");
		if (fd >= 0)
			close(fd);
		copy.collected_ns = now_ms() * 1000000;
		print_case(&copy, "polling");
		__atomic_store_n(&s->state, FREE, __ATOMIC_RELEASE);
	}
}

/* ---- NMIs and beats ---- */

/* To one CPU, or to all again. False if there is no such CPU now. */
static bool pin(int cpu)
{
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	for (i = 0; i < MAX_CPUS; i++)
		if (cpu < 0 || i == cpu)
			CPU_SET(i, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

static void *send_nmis(void *arg)
{
	int me = (long)arg, cpus = libbpf_num_possible_cpus();
	struct ipi_args args = {};

	pin(me);
	for (; !stopped; usleep(IPI_US)) {
		args.cpu = (me + 1) % cpus;
		if (run_syscall_prog(skel->progs.send_nmi, &args, sizeof(args)) || args.error)
			die("bpf_testmod_nmi_ipi(%d): %d", args.cpu, args.error);
	}
	return NULL;
}

/* Perf stops an event that comes too often between two ticks, and a CPU with interrupts off has none. */
static void check_sample_rate(void)
{
	FILE *f = fopen("/proc/sys/kernel/perf_event_max_sample_rate", "r");
	int rate;

	if (f && fscanf(f, "%d", &rate) == 1 && rate < ENOUGH_SAMPLES)
		printf("warning: kernel.perf_event_max_sample_rate is %d: perf may stop the NMIs before it is too long\n", rate);
	if (f)
		fclose(f);
}

static void load(bool pmu, bool wq)
{
	struct event clock = { PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, .period = BEAT_NS };
	struct event cycles = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, .period = NMI_CYCLES };
	struct bpf_program *watch;
	long cpu, cpus = libbpf_num_possible_cpus();
	pthread_t thread;

	skel = irqoff_watchdog_bpf__open();
	if (!skel)
		die("cannot open the BPF object: %s", strerror(errno));
	if (pmu)
		watch = wq ? skel->progs.watch : skel->progs.watch_polled;
	else
		watch = wq ? skel->progs.watch_ipi : skel->progs.watch_ipi_polled;
	bpf_program__set_autoload(watch, true);
	bpf_program__set_autoload(skel->progs.send_nmi, !pmu);
	bpf_program__set_autoload(skel->progs.setup, wq);
	bpf_map__set_autocreate(skel->maps.workers, wq);
	bpf_program__set_autoload(skel->progs.hold_interrupts_off, tried == 0);
	if (!pmu && access("/sys/module/bpf_testmod", F_OK))
		die("no source of NMIs: neither a PMU nor the kernel's test module bpf_testmod");
	if (irqoff_watchdog_bpf__load(skel))
		die("the BPF object does not load");
	skel->bss->threshold_ns = THRESHOLD_MS * 1000000ULL;
	for (cpu = 0; cpu < cpus; cpu++)
		if (pin(cpu) && run_syscall_prog(skel->progs.start_beats, NULL, 0))
			die("cannot start the timer of CPU %ld", cpu);
	pin(-1);
	for (cpu = 0; wq && cpu < cpus; cpu++)
		if (run_syscall_prog(skel->progs.setup, &(int){ cpu }, sizeof(int)))
			die("cannot initialise the worker of CPU %ld", cpu);
	attach_event(skel->progs.clock_beat, clock);
	if (pmu) {
		check_sample_rate();
		attach_event(watch, cycles);
		return;
	}
	if (!bpf_program__attach(watch))
		die("cannot attach to the test module's NMI handler: %s", strerror(errno));
	for (cpu = 0; cpu < cpus; cpu++)
		if (pthread_create(&thread, NULL, send_nmis, (void *)cpu))
			die("cannot start a thread");
}

/* In a process of its own, which stays for its details to be collected. */
static int try(void)
{
	struct hold_args args = { .ns = try_ms * 1000000ULL };
	pid_t child = fork();

	if (child)
		return child;
	if (run_syscall_prog(skel->progs.hold_interrupts_off, &args, sizeof(args)))
		_exit(EXIT_SETUP);
	/* And a short one right after it, which must not hide it from who only looks ten times a second. */
	args.ns = (THRESHOLD_MS + 5) * 1000000ULL;
	if (run_syscall_prog(skel->progs.hold_interrupts_off, &args, sizeof(args)))
		_exit(EXIT_SETUP);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	bool trying = argc == 3 && !strcmp(argv[1], "--try"), pmu;
	int value = argc > 1 ? atoi(argv[argc - 1]) : 0, status = 0;
	struct ring_buffer *ring = NULL;
	struct features f;
	long long begin, end;

	if (argc > 3 || (argc == 3 && !trying) || (argc > 1 && value < 1) ||
	    (trying && (value < THRESHOLD_MS + 5 || value > 1000))) {
		fprintf(stderr, "usage: %s [SECONDS | --try MILLISECONDS]\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (libbpf_num_possible_cpus() > MAX_CPUS)
		die("more than %d CPUs", MAX_CPUS);
	f = probe_features();
	pmu = has_pmu();
	printf("source: %s\n", pmu ? "CPU cycles, in NMI" : "no PMU here: NMIs from one CPU to the next, by the test module");
	printf("mode: %s\n", f.wq ? "the NMI hands a case to a worker" :
	       "polling: this kernel has no workqueues for perf_event programs");
	tried = trying ? 0 : -1;
	try_ms = value;
	load(pmu, f.wq);
	if (f.wq)
		ring = ring_buffer__new(bpf_map__fd(skel->maps.reports), on_report, NULL, NULL);
	if (f.wq && !ring)
		die("cannot open the ring buffer: %s", strerror(errno));
	signal(SIGINT, stop);
	printf("watching for interrupts off for more than %d ms\n", THRESHOLD_MS);

	begin = now_ms();
	end = trying ? begin + WAIT_MS : value ? begin + 1000LL * value : 0;
	while (!stopped && !noticed && (!end || now_ms() < end)) {
		if (trying && tried == 0 && now_ms() - begin > 500)
			tried = try();
		if (ring)
			ring_buffer__poll(ring, POLL_MS);
		else
			look(libbpf_num_possible_cpus());
	}
	stopped = true;
	if (tried > 0) {
		kill(tried, SIGKILL);
		if (waitpid(tried, &status, 0) != tried || WIFEXITED(status))
			die("the program that keeps interrupts off does not run");
	}
	printf("%llu NMIs, %d cases, %llu starts of a worker refused\n", skel->bss->nmis, cases, skel->bss->refused);
	if (trying && !noticed)
		printf("%d ms with interrupts off were NOT noticed\n", value);
	return trying && !noticed;
}
