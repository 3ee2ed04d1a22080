/* SPDX-License-Identifier: BSD-2-Clause */
/* Iterators over numbers and bits. */
#include "runs.h"

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));
struct bpf_iter_bits {
	__u64 opaque[2];
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_bits_new(struct bpf_iter_bits *it, const __u64 *from, __u32 n) __ksym;
extern int *bpf_iter_bits_next(struct bpf_iter_bits *it) __ksym;
extern void bpf_iter_bits_destroy(struct bpf_iter_bits *it) __ksym;

__s64 seen[64];

/* Sums in memory: numbers in registers would be others each time around. */
static __always_inline __s64 walk(int start, int end, __u32 at)
{
	struct bpf_iter_num it;
	int *v;

	seen[at & 63] = bpf_iter_num_new(&it, start, end);
	while ((v = bpf_iter_num_next(&it))) {
		seen[(at + 1) & 63] = seen[(at + 1) & 63] * 31 + *v;
		seen[(at + 2) & 63]++;
	}
	bpf_iter_num_destroy(&it);
	return seen[(at + 2) & 63];
}

SEC("tc") int numbers(struct __sk_buff *skb)
{
	MUST(walk(0, 10, 0) == 10);
	MUST(walk(-5, 5, 3) == 10);
	MUST(walk(7, 7, 6) == 0);
	MUST(walk(9, 7, 9) == 0 && seen[9] == -22);
	MUST(walk(0, 8388608 + 1, 12) == 0 && seen[12] == -7);
	MUST(walk(-2147483647 - 1, -2147483647 + 3, 15) == 4);
	MUST(walk(2147483640, 2147483647, 18) == 7);
	return 0;
}

SEC("tc") int nested(struct __sk_buff *skb)
{
	struct bpf_iter_num outer, inner;
	int *i, *j;

	bpf_iter_num_new(&outer, 0, 12);
	while ((i = bpf_iter_num_next(&outer))) {
		bpf_iter_num_new(&inner, *i, 12);
		while ((j = bpf_iter_num_next(&inner))) {
			if (*j == 9)
				break;
			seen[21] += *i < *j;
		}
		bpf_iter_num_destroy(&inner);
	}
	bpf_iter_num_destroy(&outer);
	MUST(seen[21] == 37);
	return 0;
}

__u64 words[520] = {0x8000000000000001ull, 0, 0x10ull, ~0ull};

static __always_inline __s64 bits(const __u64 *from, __u32 n, __u32 at)
{
	struct bpf_iter_bits it;
	int *bit;

	seen[at & 63] = bpf_iter_bits_new(&it, from, n);
	while ((bit = bpf_iter_bits_next(&it))) {
		seen[(at + 1) & 63] = seen[(at + 1) & 63] * 31 + *bit;
		seen[(at + 2) & 63]++;
	}
	bpf_iter_bits_destroy(&it);
	return seen[(at + 2) & 63];
}

SEC("tc") int bit_sets(struct __sk_buff *skb)
{
	MUST(bits(words, 1, 24) == 2);
	MUST(bits(words, 4, 27) == 67);
	MUST(bits(words + 1, 1, 30) == 0);
	MUST(bits(words, 0, 33) == 0 && seen[33] == -22);
	MUST(bits(words, 511, 36) == 67);
	MUST(bits(words, 512, 39) == 0 && seen[39] == -7);
	return 0;
}
