// SPDX-License-Identifier: GPL-2.0
/* Loops around one operation each, for measure.c. Every body looks its element up, and `empty` does only that. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CLOCK_MONOTONIC 1
#define FAR_NS 1000000000000ULL /* no timer fires while it is measured */

char LICENSE[] SEC("license") = "GPL";

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (callback)(void *map, int *key, void *value),
				    unsigned int flags, void *aux) __ksym;

struct elem {
	struct bpf_timer timer;
	struct bpf_wq wq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct elem);
} map SEC(".maps");

struct args {
	__u32 loops;
	__s32 error;
	__u64 ns;
};

static int timer_cb(void *map, int *key, struct elem *e)
{
	return 0;
}

static int wq_cb(void *map, int *key, void *value)
{
	return 0;
}

static __always_inline struct elem *elem(void)
{
	int key = 0;

	return bpf_map_lookup_elem(&map, &key);
}

static int empty_body(__u32 i, int *error)
{
	return !elem();
}

static int start_body(__u32 i, int *error)
{
	struct elem *e = elem();

	if (!e)
		return 1;
	*error |= bpf_timer_start(&e->timer, FAR_NS, 0);
	return 0;
}

static int set_callback_body(__u32 i, int *error)
{
	struct elem *e = elem();

	if (!e)
		return 1;
	*error |= bpf_timer_set_callback(&e->timer, timer_cb);
	return 0;
}

static int cycle_body(__u32 i, int *error)
{
	struct elem *e = elem();

	if (!e)
		return 1;
	*error |= bpf_timer_start(&e->timer, FAR_NS, 0);
	*error |= bpf_timer_cancel(&e->timer) != 1;
	*error |= bpf_timer_set_callback(&e->timer, timer_cb);
	return 0;
}

/* The worker runs when it can, so this is the mean of queueing the work and of finding it queued. */
static int wq_start_body(__u32 i, int *error)
{
	struct elem *e = elem();

	if (!e)
		return 1;
	*error |= bpf_wq_start(&e->wq, 0);
	return 0;
}

SEC("syscall")
int init(struct args *args)
{
	struct elem *e = elem();

	if (!e)
		return 1;
	args->error = bpf_timer_init(&e->timer, &map, CLOCK_MONOTONIC) | bpf_timer_set_callback(&e->timer, timer_cb) |
		      bpf_wq_init(&e->wq, &map, 0) | bpf_wq_set_callback_impl(&e->wq, wq_cb, 0, NULL);
	return 0;
}

#define MEASURE(name)								\
	SEC("syscall")								\
	int name(struct args *args)						\
	{									\
		int error = 0;							\
		__u64 begin = bpf_ktime_get_ns();				\
										\
		if (bpf_loop(args->loops, name##_body, &error, 0) != args->loops)	\
			error = 1;						\
		args->ns = bpf_ktime_get_ns() - begin;				\
		args->error = error;						\
		return 0;							\
	}

MEASURE(empty)
MEASURE(start)
MEASURE(set_callback)
MEASURE(cycle)
MEASURE(wq_start)
