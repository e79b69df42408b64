// SPDX-License-Identifier: GPL-2.0
/*
 * Load nmi_timers.bpf.c, let NMIs run it on all CPUs for some seconds, show what happens second by second, and check at
 * the end that nothing was lost, leaked, or refused other than as documented.
 *
 * usage: nmi_timers [SECONDS]      exit: 0 all is well, 1 something is wrong, 3 set-up (no NMIs, no memory cgroup)
 *        nmi_timers --refused      expect an unpatched kernel's refusals; 0 if they came
 *
 * NMIs come from the PMU where there is one, else from the kfunc bpf_testmod_nmi_ipi() of the kernel's test module.
 * Needs root and the cgroup2 file system. Leaves what it measured in ./nmi_timers.json, or in $RESULTS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "nmi_timers.h"
#include "nmi_timers.skel.h"

#define SAMPLE_PERIOD 2000000	/* cycles: 500 NMIs a second on a CPU of 1 GHz */
#define PAUSE_US 500
#define DRAIN_MS 10000
#define LEAK_BYTES 65536	/* what a memory cgroup may keep in per-CPU stocks */
#define CGROUP "/sys/fs/cgroup"
#define OUR_CGROUP CGROUP "/nmi_timers"

/* The values of the maps, as nmi_timers.bpf.c has them. */
struct slot_value { __u64 opaque[2]; struct slot s; };
struct elem_value { __u64 opaque[4]; struct life l; };

static const char *const op_names[NR_OPS] = {
	[INIT] = "bpf_timer_init", [SET_CB] = "bpf_timer_set_callback", [START] = "bpf_timer_start",
	[CANCEL] = "bpf_timer_cancel_async", [WQ_INIT] = "bpf_wq_init", [WQ_SET_CB] = "bpf_wq_set_callback",
	[WQ_START] = "bpf_wq_start", [MAP_ADD] = "map update", [MAP_DEL] = "map delete",
};

static const char *const who_names[NR_WHO] = {
	[OWN] = "NMI, own", [SHARED_NMI] = "NMI, shared", [SHARED_TASK] = "task, shared",
};

static struct nmi_timers_bpf *skel;
static struct counters *now;
static FILE *json;
static int cpus, problems, refused;
static __u64 max_ns;
static volatile int running = 1;

static void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	fputs("error: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(3);
}

static void check(int ok, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("  %-4s ", ok ? "ok" : "FAIL");
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	problems += !ok;
}

/* ---- results of operations ---- */

static int ret_of(int i)
{
	return i == RET_ONE ? 1 : -i;
}

static const char *ret_name(int i)
{
	static char name[32];

	if (i == 0 || i == RET_ONE || i == 1) {
		snprintf(name, sizeof(name), "%d", ret_of(i));
		return name;
	}
	return i == RET_OTHER ? "other" : strerrorname_np(i) ?: "unknown";
}

/* An answer, not a failure: cancel_async says what it found. */
static int is_success(int op, int i)
{
	return i == 0 || (op == CANCEL && (i == RET_ONE || i == 1 || i == ECANCELED));
}

/* What Documentation/ lists for each operation and context; everything else is an error. */
static int is_listed(int who, int op, int i)
{
	switch (op) {
	case MAP_ADD: /* the map's own answers: its bucket lock is only tried in an NMI */
		return i == 0 || i == EBUSY || i == EDEADLK || i == ETIMEDOUT || i == ENOMEM || i == E2BIG ||
		       (who != OWN && i == EEXIST);
	case MAP_DEL:
		return i == 0 || i == EBUSY || i == EDEADLK || i == ETIMEDOUT || (who != OWN && i == ENOENT);
	case INIT:
	case WQ_INIT:
		return i == 0 || i == ENOMEM || (who != OWN && (i == EBUSY || i == ENOENT));
	case CANCEL:
		if (who == SHARED_TASK && (i == 0 || i == 1 || i == RET_ONE))
			return 1;
		return i == ECANCELED || (who != OWN && (i == EINVAL || i == ENOENT));
	default:
		return i == 0 || (who != OWN && (i == EINVAL || i == ENOENT));
	}
}

static __u64 sum(const struct counters *c, int op, int only_failures, int only_nmi)
{
	__u64 n = 0;
	int who, i;

	for (who = 0; who < NR_WHO; who++)
		for (i = 0; i < NR_RET; i++)
			if (!(only_failures && is_success(op, i)) && !(only_nmi && who == SHARED_TASK))
				n += c->done[who][op][i];
	return n;
}

static __u64 nmis(const struct counters *c)
{
	__u64 n = 0;
	int i;

	for (i = 0; i < MAX_CPUS; i++)
		n += c->nmis[i];
	return n;
}

/* ---- the histogram ---- */

static double bucket_us(int i)
{
	int e = i / 8 + 2;

	return (i < 8 ? i : (double)(8 + i % 8) * (1ULL << (e - 3))) / 1000;
}

static __u64 hist_total(const __u64 *hist)
{
	__u64 n = 0;
	int i;

	for (i = 0; i < NR_HIST; i++)
		n += hist[i];
	return n;
}

/* The upper edge of the step that holds it, so that a percentile is never flattered. */
static double percentile(const __u64 *hist, double p)
{
	__u64 seen = 0, want = hist_total(hist) * p;
	int i;

	for (i = 0; i < NR_HIST - 1; i++) {
		seen += hist[i];
		if (seen > want)
			return bucket_us(i + 1);
	}
	return 0;
}

static void draw(const __u64 *hist)
{
	__u64 rows[NR_HIST / 8] = {}, most = 1;
	int i, first = -1, last = 0;

	for (i = 0; i < NR_HIST; i++) {
		rows[i / 8] += hist[i];
		if (!hist[i])
			continue;
		if (first < 0)
			first = i / 8;
		last = i / 8;
	}
	for (i = 0; i < NR_HIST / 8; i++)
		if (rows[i] > most)
			most = rows[i];
	if (first < 0)
		return;
	for (i = first; i <= last; i++) {
		int width = (rows[i] * 50 + most - 1) / most;

		printf("  %9.1f to %9.1f us %9llu |%.*s\n", bucket_us(i * 8), bucket_us(i * 8 + 8), rows[i], width,
		       "##################################################");
	}
}

/* ---- sources of NMIs, and tasks for them to interrupt ---- */

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int pmu_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES, .size = sizeof(attr),
		.sample_period = SAMPLE_PERIOD, .disabled = 1,
	};

	return syscall(__NR_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int run_syscall_prog(struct bpf_program *prog, void *args, int size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = size);

	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
}

static void *ipi_thread(void *arg)
{
	int cpu = (long)arg;
	struct ipi_args args = { .cpu = (cpu + 1) % cpus, .count = 8 };

	pin(cpu);
	while (running) {
		if (run_syscall_prog(skel->progs.send_nmis, &args, sizeof(args)) || args.error)
			die("bpf_testmod_nmi_ipi(%d): %s", args.cpu, strerror(errno ?: -args.error));
		usleep(PAUSE_US);
	}
	return NULL;
}

static void *task_thread(void *arg)
{
	int i;

	pin((long)arg);
	while (running) {
		for (i = 0; i < 16; i++)
			if (run_syscall_prog(skel->progs.task_side, NULL, 0))
				die("the task-side program does not run: %s", strerror(errno));
		usleep(PAUSE_US);
	}
	return NULL;
}

/* ---- loading ---- */

static int libbpf_says(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;	/* what matters is shown from the program's own log */
}

static int libbpf_warns(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

/* The verifier's last words, without its statistics. */
static void print_reason(char *log)
{
	char *line, *save, *reason = "no reason given";

	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "processed ", 10))
			reason = line;
	printf("    the verifier: %s\n", reason);
}

/* Is a perf_event program with timers in its maps accepted? Loads it, says so, and unloads it. */
static int perf_event_accepted(void)
{
	static char log[1 << 20];
	struct nmi_timers_bpf *s = nmi_timers_bpf__open();
	int err;

	if (!s)
		die("cannot open the BPF object: %s", strerror(errno));
	bpf_program__set_autoload(s->progs.on_pmu_nmi, true);
	bpf_program__set_log_buf(s->progs.on_pmu_nmi, log, sizeof(log));
	libbpf_set_print(libbpf_says);
	err = nmi_timers_bpf__load(s);
	libbpf_set_print(libbpf_warns);
	nmi_timers_bpf__destroy(s);
	printf("  perf_event program that uses bpf_timer and bpf_wq: %s\n", err ? "REFUSED" : "accepted");
	if (err)
		print_reason(log);
	return !err;
}

/* Attach to the PMU or, without one, to the test module's NMI handler. */
static const char *load_and_attach(int want_pmu)
{
	int cpu, fd = want_pmu ? pmu_event(0) : -1, pmu = fd >= 0;

	if (pmu)
		close(fd);
	skel = nmi_timers_bpf__open();
	if (!skel)
		die("cannot open the BPF object: %s", strerror(errno));
	bpf_program__set_autoload(pmu ? skel->progs.on_pmu_nmi : skel->progs.on_nmi_handler, true);
	bpf_program__set_autoload(skel->progs.send_nmis, !pmu);
	bpf_program__set_autoload(skel->progs.task_side, true);
	if (nmi_timers_bpf__load(skel))
		die("the BPF object does not load%s", pmu ? "" :
		    "; without a PMU it needs the test module: insmod bpf_testmod.ko");
	now = &skel->bss->counters;
	if (!pmu) {
		if (!bpf_program__attach(skel->progs.on_nmi_handler))
			die("cannot attach to the NMI handler: %s", strerror(errno));
		return "NMI IPIs to every CPU (fentry on the test module's NMI handler)";
	}
	for (cpu = 0; cpu < cpus; cpu++) {
		fd = pmu_event(cpu);
		if (fd < 0 || !bpf_program__attach_perf_event(skel->progs.on_pmu_nmi, fd))
			die("cannot attach to the PMU of CPU %d: %s", cpu, strerror(errno));
	}
	return NULL;
}

/* ---- the table ---- */

static void print_failures(const struct counters *c, const struct counters *old)
{
	int who, op, i;

	for (i = 1; i < NR_RET; i++) {
		__u64 n = 0;

		for (who = 0; who < NR_WHO; who++)
			for (op = 0; op < NR_OPS; op++)
				if (!is_success(op, i))
					n += c->done[who][op][i] - old->done[who][op][i];
		if (n)
			printf(" %s %llu", ret_name(i), n);
	}
}

static void print_second(int second, const struct counters *old)
{
	static struct counters c;
	__u64 hist[NR_HIST], max = now->max_ns;
	int i;

	now->max_ns = 0;
	if (max > max_ns)
		max_ns = max;
	c = *now;
	for (i = 0; i < NR_HIST; i++)
		hist[i] = c.hist[i] - old->hist[i];
#define DELTA(op) (sum(&c, op, 0, 0) - sum(old, op, 0, 0))
	if (second % 20 == 1)
		printf("%3s %7s %7s %7s %7s %7s %7s %8s %8s %7s %8s %8s %8s  %s\n", "s", "NMIs", "init", "set_cb", "start",
		       "cancel", "delete", "wq_start", "callback", "wq_runs", "p50 us", "p99 us", "max us", "failures");
	printf("%3d %7llu %7llu %7llu %7llu %7llu %7llu %8llu %8llu %7llu %8.1f %8.1f %8.1f ", second, nmis(&c) - nmis(old),
	       DELTA(INIT) + DELTA(WQ_INIT), DELTA(SET_CB) + DELTA(WQ_SET_CB), DELTA(START), DELTA(CANCEL), DELTA(MAP_DEL),
	       DELTA(WQ_START), c.timer_runs - old->timer_runs, c.wq_runs - old->wq_runs, percentile(hist, 0.5),
	       percentile(hist, 0.99), max / 1000.0);
	print_failures(&c, old);
	putchar('\n');
	fprintf(json, "%s{\"second\": %d, \"nmis\": %llu, \"callbacks\": %llu, \"wq_runs\": %llu, \"max_us\": %.1f}",
		second > 1 ? ", " : "", second, nmis(&c) - nmis(old), c.timer_runs - old->timer_runs,
		c.wq_runs - old->wq_runs, max / 1000.0);
}

static void print_results(void)
{
	int op, who, i;

	printf("\n  every operation and its results (own: elements of this CPU alone; shared: all CPUs race for them)\n");
	for (op = 0; op < NR_OPS; op++) {
		for (who = 0; who < NR_WHO; who++) {
			int any = 0;

			for (i = 0; i < NR_RET; i++) {
				if (!now->done[who][op][i])
					continue;
				if (!any++)
					printf("  %-23s %-13s", op_names[op], who_names[who]);
				printf(" %s: %llu%s", ret_name(i), now->done[who][op][i],
				       refused || is_listed(who, op, i) ? "" : " (NOT LISTED)");
			}
			if (any)
				putchar('\n');
		}
	}
}

/* ---- the reckoning ---- */

struct reckoning { __u64 slots, lost, twice, wrong_callback; };

static void reckon_slots(struct bpf_map *map, struct reckoning *r)
{
	struct slot_value v;
	int key;

	for (key = 0; key < MAX_CPUS * SLOTS; key++) {
		if (bpf_map_lookup_elem(bpf_map__fd(map), &key, &v) || !v.s.starts)
			continue;
		r->slots++;
		r->lost += v.s.ran != v.s.started;
		r->twice += v.s.runs > v.s.starts;
		r->wrong_callback += v.s.last != v.s.want;
	}
}

static void reckon_elems(struct reckoning *r)
{
	struct elem_value v;
	int key;

	for (key = 0; key < MAX_CPUS * ELEMS; key++) {
		if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.elems), &key, &v))
			continue;
		r->slots++;
		r->lost += !v.l.fired || !v.l.worked;
	}
}

static struct reckoning reckon(void)
{
	struct reckoning r = {};

	reckon_slots(skel->maps.timers, &r);
	reckon_slots(skel->maps.works, &r);
	reckon_elems(&r);
	return r;
}

static void drain(void)
{
	int ms;

	for (ms = 0; ms < DRAIN_MS && (reckon().lost || ms < 200); ms += 50)
		usleep(50000);
}

static void check_all(void)
{
	struct reckoning r = reckon();
	__u64 ops = 0, unlisted = 0;
	int cpu, who, op, i, silent = 0;

	for (op = 0; op < NR_OPS; op++)
		ops += sum(now, op, 0, 1);
	for (who = 0; who < NR_WHO; who++)
		for (op = 0; op < NR_OPS; op++)
			for (i = 0; i < NR_RET; i++)
				if (!is_listed(who, op, i))
					unlisted += now->done[who][op][i];
	for (cpu = 0; cpu < cpus; cpu++)
		silent += !now->nmis[cpu];

	printf("\n");
	check(nmis(now) && !silent, "%llu NMIs, on %d of %d CPUs", nmis(now), cpus - silent, cpus);
	check(ops, "%llu operations in NMI", ops);
	for (op = 0; op < NR_OPS; op++)
		if (sum(now, op, 0, 1) == sum(now, op, 1, 1))
			check(0, "%s never succeeded in an NMI", op_names[op]);
	check(!unlisted, "%llu results that the documentation does not list", unlisted);
	check(r.slots && !r.lost, "%llu lost: of %llu timers and works that were started last", r.lost, r.slots);
	check(!r.twice, "%llu ran more often than they were started", r.twice);
	check(!r.wrong_callback, "%llu ran another callback than the one set last", r.wrong_callback);
	check(!now->cancelled_ran, "%llu callbacks of timers cancelled by the NMI that started them", now->cancelled_ran);
	check(!now->stale_ran, "%llu callbacks of deleted elements", now->stale_ran);
	check(!now->wrong_cpu, "%llu pinned timers on another CPU", now->wrong_cpu);
	fprintf(json, "], \"nmis\": %llu, \"operations_in_nmi\": %llu, \"unlisted\": %llu, \"lost\": %llu, \"twice\": %llu, "
		"\"wrong_callback\": %llu, \"cancelled_ran\": %llu, \"stale_ran\": %llu, \"wrong_cpu\": %llu, "
		"\"callbacks\": %llu, \"wq_runs\": %llu, \"inits\": %llu, \"start_to_callback_us\": {\"p50\": %.1f, \"p99\": %.1f, "
		"\"max\": %.1f}",
		nmis(now), ops, unlisted, r.lost, r.twice, r.wrong_callback, now->cancelled_ran, now->stale_ran, now->wrong_cpu,
		now->timer_runs, now->wq_runs, sum(now, INIT, 0, 0) + sum(now, WQ_INIT, 0, 0) -
		sum(now, INIT, 1, 0) - sum(now, WQ_INIT, 1, 0), percentile(now->hist, 0.5), percentile(now->hist, 0.99),
		max_ns / 1000.0);
}

/* ---- the two kinds of run ---- */

static void let_run(int seconds, void (*each)(int second, const struct counters *old))
{
	pthread_t threads[2 * MAX_CPUS];
	static struct counters old;
	const char *source = load_and_attach(1);
	long cpu;
	int i, n = 0;

	printf("  source: %s\n\n", source ?: "PMU overflows on every CPU (perf_event, CPU cycles)");
	for (cpu = 0; cpu < cpus; cpu++) {
		if (source && pthread_create(&threads[n++], NULL, ipi_thread, (void *)cpu))
			die("cannot start a thread");
		/* Deleting a timer in an NMI that interrupts its use is a deadlock in an unpatched kernel. */
		if (each && pthread_create(&threads[n++], NULL, task_thread, (void *)cpu))
			die("cannot start a thread");
	}
	for (i = 1; i <= seconds; i++) {
		sleep(1);
		if (each)
			each(i, &old);
		old = *now;
	}
	skel->bss->stop = true;
	running = 0;
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static int run_patched(int seconds)
{
	printf("\ntimers and workqueues from NMI, %d s\n", seconds);
	if (!perf_event_accepted())
		problems++;
	let_run(seconds, print_second);
	drain();
	print_results();
	printf("\n  from bpf_timer_start(0) in an NMI to the callback: p50 %.1f us, p99 %.1f us, max %.1f us\n",
	       percentile(now->hist, 0.5), percentile(now->hist, 0.99), max_ns / 1000.0);
	draw(now->hist);
	check_all();
	nmi_timers_bpf__destroy(skel);
	return problems ? 1 : 0;
}

/* Linux without the series: the verifier refuses the perf_event program; an NMI handler's program loads, and each of its
 * operations is refused when it runs.
 */
static int run_refused(void)
{
	int accepted, fd;

	printf("\nthe same BPF object on this kernel\n");
	accepted = perf_event_accepted();
	fd = pmu_event(0);
	if (fd < 0) {
		let_run(1, NULL);
		print_results();
		check(nmis(now), "%llu NMIs", nmis(now));
		check(sum(now, INIT, 1, 1) == sum(now, INIT, 0, 1) && sum(now, WQ_INIT, 1, 1) == sum(now, WQ_INIT, 0, 1),
		      "no timer and no work can be initialised in an NMI");
		nmi_timers_bpf__destroy(skel);
	}
	check(!accepted, "the verifier refuses timers to perf_event programs");
	return problems ? 1 : 0;
}

/* ---- leaks: everything is watched from outside, after the process that did it is gone ---- */

static int count_ids(int (*next)(__u32, __u32 *))
{
	__u32 id = 0;
	int n = 0;

	while (!next(id, &id))
		n++;
	return n;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("cannot write %s to %s: %s", text, path, strerror(errno));
	close(fd);
}

/* Objects of timers and works are charged to the memory cgroup of the map's creator. */
static long slab_bytes(void)
{
	char line[128];
	long bytes = -1;
	FILE *f = fopen(OUR_CGROUP "/memory.stat", "r");

	if (!f)
		die("no memory cgroup: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "slab_unreclaimable %ld", &bytes) == 1)
			break;
	fclose(f);
	return bytes;
}

static void check_leaks(int progs, int maps)
{
	int ms, progs_left = 0, maps_left = 0;
	long bytes = 0;

	for (ms = 0; ms < DRAIN_MS; ms += 100) {
		progs_left = count_ids(bpf_prog_get_next_id) - progs;
		maps_left = count_ids(bpf_map_get_next_id) - maps;
		bytes = slab_bytes();
		if (!progs_left && !maps_left && bytes < LEAK_BYTES)
			break;
		usleep(100000);
	}
	check(!progs_left, "%d programs left (each object that leaked would hold one)", progs_left);
	check(!maps_left, "%d maps left", maps_left);
	check(bytes < LEAK_BYTES, "%ld bytes of kernel objects left in the memory cgroup", bytes);
	fprintf(json, ", \"programs_left\": %d, \"maps_left\": %d, \"slab_bytes_left\": %ld", progs_left, maps_left, bytes);
}

static void enter_cgroup(void)
{
	write_file(CGROUP "/cgroup.subtree_control", "+memory");
	if (mkdir(OUR_CGROUP, 0755) && errno != EEXIST)
		die("cannot make the cgroup " OUR_CGROUP ": %s", strerror(errno));
}

int main(int argc, char **argv)
{
	int seconds = 8, status, progs, maps;
	struct utsname name;
	pid_t child;

	refused = argc > 1 && !strcmp(argv[1], "--refused");
	if (argc > 1 && !refused)
		seconds = atoi(argv[1]);
	if (argc > 2 || seconds < 1) {
		fprintf(stderr, "usage: %s [SECONDS | --refused]\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(libbpf_warns);
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	json = fopen(getenv("RESULTS") ?: "nmi_timers.json", "w");
	if (!json || cpus > MAX_CPUS)
		die("cannot write the results file, or more than %d CPUs", MAX_CPUS);
	uname(&name);
	printf("Linux %s %s, %d CPUs\n", name.release, name.machine, cpus);
	progs = count_ids(bpf_prog_get_next_id);
	maps = count_ids(bpf_map_get_next_id);
	enter_cgroup();

	fprintf(json, "{\"kernel\": \"%s\", \"cpus\": %d, \"seconds\": [", name.release, cpus);
	fflush(json);
	child = fork();
	if (!child) {
		write_file(OUR_CGROUP "/cgroup.procs", "0");
		status = refused ? run_refused() : run_patched(seconds);
		if (refused)
			fprintf(json, "]");
		fflush(json);
		return status;
	}
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		die("the run ended by signal %d", WTERMSIG(status));
	problems += WEXITSTATUS(status) != 0;
	if (WEXITSTATUS(status) < 2)
		check_leaks(progs, maps);
	if (WEXITSTATUS(status) > 1) /* It has not come to the end of the list. */
		fprintf(json, "]");
	fprintf(json, ", \"ok\": %s}\n", problems ? "false" : "true");
	fclose(json);
	if (WEXITSTATUS(status) > 1)
		return WEXITSTATUS(status);
	printf("\n%s\n", problems ? "FAILED" : refused ? "refused, as expected of this kernel" :
	       "nothing lost, nothing leaked, nothing refused that should not be");
	return problems ? 1 : 0;
}
