/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the loaders nmi_profiler.c, irqoff_watchdog.c and scx_limiter.c share: what this kernel can do, perf events on every
 * CPU, and names for kernel addresses.
 */
#ifndef SHARED_H
#define SHARED_H

#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "probe.skel.h"

#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define EXIT_SETUP 3	/* not the program's fault: no privilege, no PMU, a kernel without what it takes */

static inline void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	fputs("error: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_SETUP);
}

/* ---- what the running kernel can do ---- */

struct features {
	bool cancel_async;	/* the kfunc bpf_timer_cancel_async() is there */
	bool timer, wq;		/* a perf_event program may use a map with a bpf_timer, with a bpf_wq */
};

static inline int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

static inline int warnings(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

static inline bool has_kfunc(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool found = btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;

	btf__free(btf);
	return found;
}

/* The verifier alone knows whom it lets use what: load a small program and see. */
static inline bool loads(bool timer)
{
	struct probe_bpf *probe = probe_bpf__open();
	bool ok;

	if (!probe)
		die("cannot open the BPF object of the probe: %s", strerror(errno));
	bpf_program__set_autoload(timer ? probe->progs.uses_timer : probe->progs.uses_wq, true);
	bpf_map__set_autocreate(timer ? probe->maps.works : probe->maps.timers, false);
	ok = !probe_bpf__load(probe);
	probe_bpf__destroy(probe);
	return ok;
}

/* Probe, and say what was found. */
static inline struct features probe_features(void)
{
	struct features f;
	struct utsname name;

	if (geteuid())
		die("loading BPF programs takes root");
	libbpf_set_print(quiet);
	f.cancel_async = has_kfunc("bpf_timer_cancel_async");
	f.timer = loads(true);
	f.wq = loads(false);
	libbpf_set_print(warnings);
	uname(&name);
	printf("Linux %s %s: bpf_timer_cancel_async %s; from perf_event programs: bpf_timer %s, bpf_wq %s\n", name.release,
	       name.machine, f.cancel_async ? "yes" : "NO", f.timer ? "yes" : "NO", f.wq ? "yes" : "NO");
	return f;
}

static inline long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- perf events ---- */

struct event {
	int type, config;
	int hz;				/* either: so often, which perf learns to hit in the course of some ticks */
	unsigned long long period;	/* or: after so much of what is counted, from the beginning */
};

static inline int open_event(struct event e, int cpu)
{
	struct perf_event_attr attr = {
		.type = e.type, .config = e.config, .size = sizeof(attr), .freq = !!e.hz,
		.sample_period = e.hz ?: e.period,
	};

	return syscall(__NR_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static inline bool has_pmu(void)
{
	int fd = open_event((struct event){ PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, .hz = 1 }, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* On all CPUs that are online. */
static inline void attach_event(struct bpf_program *prog, struct event e)
{
	int cpu, fd, cpus = libbpf_num_possible_cpus();

	for (cpu = 0; cpu < cpus; cpu++) {
		fd = open_event(e, cpu);
		if (fd < 0 && errno == ENODEV)
			continue;
		if (fd < 0 || !bpf_program__attach_perf_event(prog, fd))
			die("cannot attach %s to the perf event of CPU %d: %s", bpf_program__name(prog), cpu, strerror(errno));
	}
}

static inline int run_syscall_prog(struct bpf_program *prog, void *args, int size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = size);

	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts) ?: opts.retval;
}

/* ---- names for kernel addresses ---- */

struct ksym {
	unsigned long long addr;
	char name[48];
};

static struct ksym *ksyms;
static int nr_ksyms;

static inline int by_addr(const void *a, const void *b)
{
	const struct ksym *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* When the BPF programs are loaded: it is to have their names, too. */
static inline void read_ksyms(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[256], type;
	struct ksym s;
	int room = 0;

	nr_ksyms = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %c %47s", &s.addr, &type, s.name) != 3 || !strchr("tTwW", type))
			continue;
		if (nr_ksyms == room) {
			room = room ? 2 * room : 1 << 16;
			ksyms = realloc(ksyms, room * sizeof(*ksyms));
			if (!ksyms)
				die("out of memory");
		}
		ksyms[nr_ksyms++] = s;
	}
	if (f)
		fclose(f);
	qsort(ksyms, nr_ksyms, sizeof(*ksyms), by_addr);
}

/* The function that an address is in. */
static inline const struct ksym *ksym(unsigned long long addr)
{
	static const struct ksym unknown = { .name = "?" };
	int low = 0, high = nr_ksyms;

	while (high - low > 1) {
		int middle = (low + high) / 2;

		if (ksyms[middle].addr <= addr)
			low = middle;
		else
			high = middle;
	}
	return nr_ksyms && ksyms[low].addr <= addr ? &ksyms[low] : &unknown;
}

#endif
