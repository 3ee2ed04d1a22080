/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>
#include <linux/version.h>

#include <bpf/bpf_helpers.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
struct bpf_iter_num {
	__u64 opaque;
};
#endif

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	struct bpf_iter_num it;

	return bpf_iter_num_next(&it) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int fixed(struct xdp_md *ctx)
{
	struct bpf_iter_num it;
	int *i;

	bpf_iter_num_new(&it, 0, 10);
	i = bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	return i ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
