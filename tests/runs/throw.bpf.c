/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions: out of subprograms, with and without a function that takes them. */
#include "runs.h"

extern void bpf_throw(__u64 cookie) __ksym __attribute__((noreturn));

__u64 seen[16];

#define __exception_cb(name) __attribute__((btf_decl_tag("exception_callback:" #name)))

static __noinline int deep(__u64 n)
{
	seen[0]++;
	if (n > 3)
		bpf_throw(0);
	seen[1]++;
	return (int)n;
}

static __noinline int deeper(__u64 n)
{
	int got = deep(n) + deep(n + 1);

	seen[2]++;
	return got;
}

/* Nothing behind what throws is done. */
SEC("tc") int from_below(struct __sk_buff *skb)
{
	deeper(skb->len & 1);
	deeper(3 + (skb->len & 1));
	seen[3] = 1;
	return 1;
}

__noinline int take(__u64 cookie)
{
	seen[6] = cookie;
	return cookie == 1234 ? 0 : 1;
}

SEC("tc") __exception_cb(take) int taken(struct __sk_buff *skb)
{
	__u64 v = skb->len;

	if (v > 10)
		bpf_throw(1170 + v);
	seen[7] = 1;
	return 1;
}

SEC("tc") int not_thrown(struct __sk_buff *skb)
{
	if (skb->len > 100000)
		bpf_throw(1);
	seen[8] = 1;
	return 0;
}
