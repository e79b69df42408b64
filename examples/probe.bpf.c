// SPDX-License-Identifier: GPL-2.0
/*
 * Never run, only loaded: a kernel whose verifier accepts these lets perf_event programs use timers and workqueues. Linux
 * 6.19 says "tracing progs cannot use bpf_timer yet".
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __weak __ksym;

struct timer { struct bpf_timer timer; };
struct work { struct bpf_wq wq; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct timer);
} timers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct work);
} works SEC(".maps");

SEC("?perf_event")
int uses_timer(void *ctx)
{
	int key = 0;
	struct timer *t = bpf_map_lookup_elem(&timers, &key);

	return t ? bpf_timer_start(&t->timer, 0, 0) : 0;
}

SEC("?perf_event")
int uses_wq(void *ctx)
{
	int key = 0;
	struct work *w = bpf_map_lookup_elem(&works, &key);

	return w ? bpf_wq_start(&w->wq, 0) : 0;
}
