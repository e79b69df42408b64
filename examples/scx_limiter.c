// SPDX-License-Identifier: GPL-2.0
/*
 * Run a command that may use, with all its children, so much of one CPU and no more.
 *
 * usage: scx_limiter PERCENT COMMAND [ARGUMENT...]
 *        exit: that of the command; 1 the kernel threw the scheduler out, 2 usage, 3 set-up
 *
 * Needs root and a kernel with sched_ext that runs no other scheduler of that kind. Timers are cancelled where the kernel
 * has bpf_timer_cancel_async(); elsewhere they fire once more, for nothing.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "shared.h"
#include "scx_limiter.h"
#include "scx_limiter.skel.h"

#define SCHED_EXT_POLICY 7

static const char *state(void)
{
	static char state[32] = "none";
	FILE *f = fopen("/sys/kernel/sched_ext/state", "r");

	if (f) {
		if (fscanf(f, "%31s", state) != 1)
			strcpy(state, "unknown");
		fclose(f);
	}
	return state;
}

static double used_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_CHILDREN, &use);
	return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static int run(char **argv)
{
	struct sched_param param = {};
	int status;
	pid_t child = fork();

	if (!child) {
		if (sched_setscheduler(0, SCHED_EXT_POLICY, &param))
			die("cannot become SCHED_EXT: %s", strerror(errno));
		execvp(argv[0], argv);
		die("cannot run %s: %s", argv[0], strerror(errno));
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		die("cannot run %s: %s", argv[0], strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int percent = argc > 2 ? atoi(argv[1]) : 0, status;
	struct scx_limiter_bpf *skel;
	struct bpf_link *link;
	struct features f;
	struct stats st;
	long long begin;
	double seconds, used;
	bool thrown_out;

	if (percent < 1 || percent > 100 * libbpf_num_possible_cpus()) {
		fprintf(stderr, "usage: %s PERCENT COMMAND [ARGUMENT...]\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	f = probe_features();
	if (!has_kfunc("scx_bpf_dsq_move_to_local"))
		die("this kernel has no sched_ext, or one before Linux 6.13");
	if (strcmp(state(), "disabled"))
		die("another sched_ext scheduler is there: %s", state());
	printf("mode: timers are %s\n", f.cancel_async ? "cancelled with interrupts off" :
	       "left to fire for nothing: this kernel has no way to cancel one that does not wait");

	skel = scx_limiter_bpf__open();
	if (!skel)
		die("cannot open the BPF object: %s", strerror(errno));
	skel->bss->quota_ns = PERIOD_NS * percent / 100;
	skel->bss->nr_cpus = libbpf_num_possible_cpus();
	if (skel->bss->nr_cpus > MAX_CPUS)
		die("more than %d CPUs", MAX_CPUS);
	if (scx_limiter_bpf__load(skel))
		die("the BPF object does not load");
	link = bpf_map__attach_struct_ops(skel->maps.limiter);
	if (!link)
		die("the scheduler cannot be switched on: %s", strerror(errno));

	begin = now_ms();
	used = used_seconds();	/* a shell may have become this process, and have had children */
	status = run(argv + 2);
	seconds = (now_ms() - begin) / 1000.0;
	used = used_seconds() - used;
	thrown_out = strcmp(state(), "enabled");
	bpf_link__destroy(link);
	st = skel->bss->stats;

	printf("limit %d%% of a CPU, used %.1f%%: %.3f s in %.3f s, %.3f s of them charged; %llu periods, at most %.1f ms over a budget\n",
	       percent, 100 * used / seconds, used, seconds, st.used_ns / 1e9, st.periods, st.over_ns / 1e6);
	printf("%llu timer starts, %llu failed; %llu cancels, %llu failed: %llu stopped, %llu not active, %llu running, %llu left\n",
	       st.starts, st.start_failed, st.cancels, st.cancel_failed, st.stopped, st.inactive, st.running, st.left);
	if (st.error)
		printf("the last error: %s\n", strerror(-st.error));
	printf("%llu timers fired, %llu of them for nothing\n", st.fired, st.stale);
	if (thrown_out)
		printf("the kernel THREW THE SCHEDULER OUT: see dmesg\n");
	scx_limiter_bpf__destroy(skel);
	return thrown_out ? 1 : status;
}
