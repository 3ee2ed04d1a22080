/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers and work queues; timer.c waits for their callbacks. */
#include "runs.h"

#define CLOCK_MONOTONIC 1
#define CLOCK_BOOTTIME	7

#define BPF_F_TIMER_ABS 1

struct bpf_wq {
	__u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned int flags) __ksym;
extern int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (*fn)(void *map, int *key, void *value),
				    unsigned int flags, void *aux) __ksym;
extern int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;

struct elem {
	__u64 count;
	struct bpf_timer timer;
};

struct work {
	__u64 count;
	struct bpf_wq wq;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, struct elem);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, struct elem);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct work);
} works SEC(".maps");

/* What callbacks have seen, and how far they are. */
__u64 seen[64], finished;

static int again(void *map, int *key, struct elem *e)
{
	seen[*key & 3]++;
	if (++e->count < 5)
		bpf_timer_start(&e->timer, 1000, 0);
	else
		__sync_fetch_and_add(&finished, 1);
	seen[8] = bpf_timer_cancel(&e->timer);
	return 0;
}

/* Its own element goes, and with it the timer. */
static int removes_itself(void *map, int *key, struct elem *e)
{
	int k = *key;

	seen[12] = e->count;
	seen[13] = bpf_map_delete_elem(map, &k);
	__sync_fetch_and_add(&finished, 1);
	return 0;
}

static int never(void *map, int *key, struct elem *e)
{
	seen[60] = 1;
	return 0;
}

static int work(void *map, int *key, void *value)
{
	struct work *w = value;

	w->count++;
	seen[16] = w->count + *key;
	__sync_fetch_and_add(&finished, 1);
	return 0;
}

SEC("tc") int errors(struct __sk_buff *skb)
{
	struct elem *e;
	int key = 3;

	e = bpf_map_lookup_elem(&array, &key);
	MUST(e);
	MUST(bpf_timer_start(&e->timer, 0, 0) == -22);
	MUST(bpf_timer_cancel(&e->timer) == -22);
	MUST(bpf_timer_set_callback(&e->timer, never) == -22);
	MUST(bpf_timer_init(&e->timer, &array, 5) == -22);
	MUST(bpf_timer_init(&e->timer, &array, 16 + CLOCK_MONOTONIC) == -22);
	MUST(!bpf_timer_init(&e->timer, &array, CLOCK_MONOTONIC));
	MUST(bpf_timer_init(&e->timer, &array, CLOCK_MONOTONIC) == -16);
	MUST(bpf_timer_start(&e->timer, 0, 0) == -22);
	MUST(!bpf_timer_cancel(&e->timer));
	MUST(!bpf_timer_set_callback(&e->timer, never));
	MUST(bpf_timer_start(&e->timer, 0, 4) == -22);
	MUST(!bpf_timer_start(&e->timer, 1000000000000ull, 0));
	MUST(!bpf_timer_start(&e->timer, 2000000000000ull, 0));
	MUST(bpf_timer_cancel(&e->timer) == 1);
	/* What is cancelled has lost its callback. */
	MUST(bpf_timer_start(&e->timer, 0, 0) == -22);
	MUST(!bpf_timer_set_callback(&e->timer, never));
	MUST(!bpf_timer_start(&e->timer, 1000000000000ull, 0));
	return 0;
}

SEC("tc") int starts(struct __sk_buff *skb)
{
	struct elem zero = {}, *e;
	struct work *w;
	int key;

	for (key = 0; key < 3; key++) {
		int k = key;

		e = bpf_map_lookup_elem(&array, &k);
		MUST(e);
		MUST(!bpf_timer_init(&e->timer, &array, CLOCK_MONOTONIC));
		MUST(!bpf_timer_set_callback(&e->timer, again));
		MUST(!bpf_timer_start(&e->timer, 1000 * key, 0));
	}
	key = 77;
	MUST(!bpf_map_update_elem(&hash, &key, &zero, BPF_ANY));
	e = bpf_map_lookup_elem(&hash, &key);
	MUST(e);
	e->count = 123;
	MUST(!bpf_timer_init(&e->timer, &hash, CLOCK_BOOTTIME));
	MUST(!bpf_timer_set_callback(&e->timer, removes_itself));
	MUST(!bpf_timer_start(&e->timer, bpf_ktime_get_boot_ns() + 1000, BPF_F_TIMER_ABS));
	/* Gone before it is due. */
	key = 78;
	MUST(!bpf_map_update_elem(&hash, &key, &zero, BPF_ANY));
	e = bpf_map_lookup_elem(&hash, &key);
	MUST(e);
	MUST(!bpf_timer_init(&e->timer, &hash, CLOCK_MONOTONIC));
	MUST(!bpf_timer_set_callback(&e->timer, never));
	MUST(!bpf_timer_start(&e->timer, 50000000, 0));
	MUST(!bpf_map_delete_elem(&hash, &key));
	key = 0;
	w = bpf_map_lookup_elem(&works, &key);
	MUST(w);
	MUST(bpf_wq_start(&w->wq, 0) == -22);
	MUST(bpf_wq_init(&w->wq, &works, 1) == -22);
	MUST(!bpf_wq_init(&w->wq, &works, 0));
	MUST(bpf_wq_init(&w->wq, &works, 0) == -16);
	MUST(bpf_wq_set_callback_impl(&w->wq, work, 1, (void *)0) == -22);
	MUST(!bpf_wq_set_callback_impl(&w->wq, work, 0, (void *)0));
	MUST(bpf_wq_start(&w->wq, 1) == -22);
	MUST(!bpf_wq_start(&w->wq, 0));
	return 0;
}
