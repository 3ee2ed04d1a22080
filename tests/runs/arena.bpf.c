/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas: pages, pointers that both sides follow, and what is not there. arena.c has the other
 * side. */
#include "runs.h"

#define BPF_MAP_TYPE_ARENA 33 /* the system's header may be older */
#define __arena __attribute__((address_space(1)))
#define PAGE	4096
#define PAGES	16
#define ANY	(-1) /* NUMA node */

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PAGES);
} arena SEC(".maps");

void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 page_cnt, int node_id,
				    __u64 flags) __ksym;
void bpf_arena_free_pages(void *map, void __arena *ptr, __u32 page_cnt) __ksym;

/* A program has the arena that it names. */
#define USES_ARENA() asm volatile("" ::"r"(&arena))

struct node {
	struct node __arena *next;
	__u64 value;
};

struct {
	struct node __arena *head;
	__u64 __arena *shared;
	__u64 seen[8];
} g;

static void __arena *alloc(void __arena *at, __u32 n)
{
	return bpf_arena_alloc_pages(&arena, at, n, ANY, 0);
}

SEC("syscall") int pages(void *ctx)
{
	char __arena *first = alloc(NULL, 1), *second, *rest;

	MUST(first);
	MUST(!alloc(first, 1));
	second = alloc(first + PAGE, 2);
	MUST(second == first + PAGE);
	MUST(!alloc(NULL, PAGES));
	MUST(!alloc(NULL, 0));
	MUST(!alloc(first + PAGE * 3 + 8, 1));
	MUST(!alloc(first + PAGE * PAGES, 1));
	MUST(!bpf_arena_alloc_pages(&arena, NULL, 1, ANY, 1));
	MUST(!bpf_arena_alloc_pages(&arena, NULL, 1, 12345, 0));
	rest = alloc(NULL, PAGES - 3);
	MUST(rest);
	MUST(!alloc(NULL, 1));
	bpf_arena_free_pages(&arena, second, 1);
	MUST(alloc(NULL, 1) == second);
	bpf_arena_free_pages(&arena, first, PAGES);
	rest = alloc(NULL, PAGES);
	MUST(rest == first);
	/* What lies beyond the end is not given back twice. */
	bpf_arena_free_pages(&arena, first + PAGE * (PAGES - 1), 5);
	bpf_arena_free_pages(&arena, first, PAGES);
	bpf_arena_free_pages(&arena, first, 1);
	MUST(alloc(NULL, PAGES));
	bpf_arena_free_pages(&arena, first, PAGES);
	return 0;
}

SEC("syscall") int contents(void *ctx)
{
	volatile __u64 __arena *p = alloc(NULL, 2);
	volatile char __arena *bytes = (volatile char __arena *)p;

	MUST(p);
	for (int i = 0; i < 2 * PAGE / 8; i += 64)
		MUST(!p[i]);
	p[0] = 0x1122334455667788;
	p[PAGE / 8] = 7;
	MUST(bytes[0] == (char)0x88 && bytes[7] == 0x11);
	*(volatile __u32 __arena *)(bytes + 4) = 5;
	*(volatile __u16 __arena *)(bytes + 2) = 9;
	bytes[1] = 3;
	MUST(p[0] == 0x500090388);
	/* Over the border of two pages. */
	*(volatile __u64 __arena *)(bytes + PAGE - 3) = 0x0807060504030201;
	MUST(bytes[PAGE - 1] == 3 && bytes[PAGE] == 4 && bytes[PAGE + 4] == 8);
	bpf_arena_free_pages(&arena, (void __arena *)p, 2);
	p = alloc(NULL, 1);
	MUST(p && !p[0]);
	bpf_arena_free_pages(&arena, (void __arena *)p, 1);
	return 0;
}

/* All that touches pages without memory: nothing is there, and nothing happens. */
SEC("syscall") int nothing(void *ctx)
{
	char __arena *base = alloc(NULL, 1);
	char __arena *p = base;
	__u64 old;

	MUST(p);
	bpf_arena_free_pages(&arena, p, 1);
	p += PAGE * 4;
	*(volatile __u64 __arena *)p = 1;
	*(volatile __u32 __arena *)(p + 8) = 1;
	*(volatile __u16 __arena *)(p + 16) = 1;
	*(volatile __u8 __arena *)(p + 24) = 1;
	MUST(!*(volatile __u64 __arena *)p);
	MUST(!*(volatile __u32 __arena *)(p + 8));
	MUST(!*(volatile __u16 __arena *)(p + 16));
	MUST(!*(volatile __u8 __arena *)(p + 24));
	__sync_fetch_and_add((__u64 __arena *)p, 5);
	old = __sync_fetch_and_add((__u64 __arena *)p, 6);
	g.seen[0] = old;
	old = __sync_lock_test_and_set((__u64 __arena *)p, 7);
	g.seen[1] = old;
	old = __sync_val_compare_and_swap((__u64 __arena *)p, 8, 9);
	g.seen[2] = old;
	MUST(!*(volatile __u64 __arena *)p);
	MUST(alloc(p, 1));
	MUST(!*(volatile __u64 __arena *)p);
	bpf_arena_free_pages(&arena, p, 1);
	return 0;
}

/* Only the lower half of an address counts, and nothing but the window is reached. */
SEC("syscall") int far(void *ctx)
{
	volatile __u64 __arena *p = alloc(NULL, 1);
	volatile __u64 __arena *q;
	__u64 far = 1ull << 40;

	MUST(p);
	p[1] = 77;
	asm volatile("" : "+r"(far));
	q = (volatile __u64 __arena *)((volatile char __arena *)p + far);
	MUST(q[1] == 77);
	q[2] = 78;
	MUST(p[2] == 78);
	for (int i = 0; i < 64; i++) {
		q = (volatile __u64 __arena *)((volatile char __arena *)p + (1ull << i));
		asm volatile("" : "+r"(q));
		if (i < 32 && i >= 12) {
			*q = 5;
			q[4095] = 6;
			q[-4096] = 7;
			MUST(!*q);
		}
	}
	bpf_arena_free_pages(&arena, (void __arena *)p, 1);
	return 0;
}

SEC("syscall") int atomics(void *ctx)
{
	__u64 __arena *p = alloc(NULL, 1);
	__u32 __arena *w = (__u32 __arena *)(p + 1);

	MUST(p);
	*p = 1;
	__sync_fetch_and_add(p, 4);
	g.seen[3] = __sync_fetch_and_add(p, 10);
	g.seen[4] = __sync_lock_test_and_set(p, 100);
	g.seen[5] = __sync_val_compare_and_swap(p, 100, 101);
	g.seen[6] = __sync_val_compare_and_swap(p, 100, 102);
	*w = 0xffffffff;
	g.seen[7] = __sync_fetch_and_add(w, 2);
	MUST(g.seen[3] == 5 && g.seen[4] == 15 && g.seen[5] == 100 && g.seen[6] == 101);
	MUST(g.seen[7] == 0xffffffff && *w == 1 && *p == 101);
	bpf_arena_free_pages(&arena, p, 1);
	return 0;
}

/* A list that user space walks, and adds to. */
SEC("syscall") int build_list(void *ctx)
{
	struct node __arena *nodes = alloc(NULL, 1);

	MUST(nodes);
	g.head = NULL;
	for (int i = 0; i < 10; i++) {
		struct node __arena *node = nodes + i;

		/* clang 19 leaves out a cast where it puts stores together. */
		asm volatile("" : "+r"(node));
		node->value = (__u64)i;
		node->next = g.head;
		g.head = node;
	}
	return 0;
}

SEC("syscall") int sum_list(void *ctx)
{
	struct node __arena *node = g.head;

	USES_ARENA();
	g.seen[0] = 0;
	for (int i = 0; i < 100 && node; i++) {
		g.seen[0] += node->value;
		node = node->next;
	}
	MUST(!node);
	return 0;
}

/* What user space has written to where there was no memory before. */
SEC("syscall") int see_shared(void *ctx)
{
	__u64 __arena *p = g.shared;

	USES_ARENA();
	g.seen[1] = *p;
	*p = 99;
	return 0;
}
