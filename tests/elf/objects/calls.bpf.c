// SPDX-License-Identifier: BSD-2-Clause
// Functions: several programs in a section, static and global functions in .text and elsewhere.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

// func leaf .text static
// func middle .text global
// reloc middle call leaf
// func quiet .text global hidden
// func spare .text global weak
// func step .text static
static __noinline int leaf(int x)
{
	barrier_var(x);
	return x * 3;
}

__noinline int middle(int x)
{
	return leaf(x) + 1;
}

__hidden __noinline int quiet(int x)
{
	barrier_var(x);
	return x - 1;
}

__weak __noinline int spare(int x)
{
	barrier_var(x);
	return x + 2;
}

static long step(__u32 i, void *ctx)
{
	*(__u32 *)ctx += i;
	return 0;
}

// func apart own/text global
// reloc apart call leaf
SEC("own/text")
__noinline int apart(int x)
{
	return leaf(x) + 7;
}

// func inside xdp static
SEC("xdp")
static __noinline int inside(int x)
{
	barrier_var(x);
	return x ^ 1;
}

// func one xdp global type 6 attach 37
// reloc one call middle
// reloc one call leaf
// reloc one call quiet
// reloc one call spare
// reloc one func step
SEC("xdp")
int one(struct xdp_md *ctx)
{
	__u32 sum = 0;

	bpf_loop(4, step, &sum, 0);
	return middle((int)sum) + leaf(2) + quiet(3) + spare(4);
}

// func two xdp global type 6 attach 37
// reloc two call apart
// reloc two call inside
SEC("xdp")
int two(struct xdp_md *ctx)
{
	return apart(ctx->ingress_ifindex) + inside(5);
}

// func off tc/ingress global type 3 attach 46
// reloc off call middle
SEC("tc/ingress")
int off(struct __sk_buff *skb)
{
	return middle(skb->len);
}

// func not_now ?xdp global type 6 attach 37 noload
SEC("?xdp")
int not_now(struct xdp_md *ctx)
{
	return 0;
}

// func probe kprobe/do_nothing global type 2 attach 0 target do_nothing
SEC("kprobe/do_nothing")
int probe(void *ctx)
{
	return 0;
}

// func frags xdp.frags global type 6 attach 37
SEC("xdp.frags")
int frags(struct xdp_md *ctx)
{
	return 0;
}

// func stray no_such_type global
SEC("no_such_type")
int stray(void *ctx)
{
	return 0;
}

// license GPL
char _license[] SEC("license") = "GPL";
