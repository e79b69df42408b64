/* SPDX-License-Identifier: GPL-2.0 */
/* What nmi_profiler.bpf.c and nmi_profiler.c share. */
#ifndef NMI_PROFILER_H
#define NMI_PROFILER_H

#define MAX_CPUS 64
#define DEPTH 16	/* frames of a stack */
#define BATCH 32	/* samples that travel together */
#define FLUSH_NS 100000000ULL	/* how long a sample waits for company */

struct sample {
	__u32 tgid;
	__u32 frames;	/* 0: it was in user space */
	char comm[16];
	__u64 ip[DEPTH];
};

struct batch {
	__u64 nr;
	struct sample samples[BATCH];
};

struct stats {
	__u64 taken, in_nmi;
	__u64 dropped;		/* the batch was full, its timer had not come yet */
	__u64 lost;		/* the ring buffer was full, or locked by what the NMI interrupted */
	__u64 records;		/* written to the ring buffer */
	__u64 starts, refused;	/* of the timer */
	__s64 refusal;		/* the last error */
};

#endif
