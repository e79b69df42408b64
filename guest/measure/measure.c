// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions per call of the timer and workqueue operations, in a guest whose clock counts instructions
 * (scripts/vm --accel icount). Prints one line "NAME COUNT" for each and writes them to /results/measure.txt.
 *
 * usage: measure [LOOPS [NAME]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "measure.skel.h"

#define ROUNDS 5

static int loops = 20000;
static const char *only;	/* one operation, for a profile */

struct args {
	__u32 loops;
	__s32 error;
	__u64 ns;
};

static __u64 run(struct bpf_program *prog)
{
	struct args args = { .loops = loops };
	/* A syscall program writes its answers back to where its argument came from. */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &args, .ctx_size_in = sizeof(args));
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	if (err || opts.retval || args.error) {
		fprintf(stderr, "%s: error %d, returned %d, operations failed with %d\n", bpf_program__name(prog), err,
			opts.retval, args.error);
		exit(1);
	}
	return args.ns;
}

/* The least of some rounds: an interrupt can only add. */
static double per_call(struct bpf_program *prog)
{
	__u64 best = run(prog), ns;
	int i;

	for (i = 1; i < ROUNDS; i++) {
		ns = run(prog);
		if (ns < best)
			best = ns;
	}
	return (double)best / loops;
}

int main(int argc, char **argv)
{
	struct measure_bpf *skel = measure_bpf__open_and_load();
	FILE *out = fopen("/results/measure.txt", "w");
	double empty;

	if (argc > 1)
		loops = atoi(argv[1]);
	if (argc > 2)
		only = argv[2];
	if (!skel || !out)
		return 3;
	run(skel->progs.init);
	empty = per_call(skel->progs.empty);

#define REPORT(name)									\
	do {										\
		double calls;								\
		if (only && strcmp(only, #name))					\
			break;								\
		calls = per_call(skel->progs.name) - empty;				\
		printf("%-14s %7.1f\n", #name, calls);					\
		fprintf(out, "%s %.1f\n", #name, calls);				\
	} while (0)

	REPORT(start);
	REPORT(set_callback);
	REPORT(cycle);
	REPORT(wq_start);
	printf("%-14s %7.1f  (loop and lookup, taken off)\n", "empty", empty);
	fclose(out);
	measure_bpf__destroy(skel);
	return 0;
}
