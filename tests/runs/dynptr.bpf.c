/* SPDX-License-Identifier: BSD-2-Clause */
/* Dynptrs over memory, ring buffer records and packets. */
#include "runs.h"

extern int bpf_dynptr_adjust(const struct bpf_dynptr *p, __u32 start, __u32 end) __ksym;
extern bool bpf_dynptr_is_null(const struct bpf_dynptr *p) __ksym;
extern bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p) __ksym;
extern __u32 bpf_dynptr_size(const struct bpf_dynptr *p) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *p, __u32 offset, void *buffer,
			      __u32 size) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, __u32 offset, void *buffer,
				   __u32 size) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *p) __ksym;
extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *p) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, char[32]);
} values SEC(".maps");

__s64 seen[64];
char text[16];

SEC("tc") int memory(struct __sk_buff *skb)
{
	struct bpf_dynptr p, q;
	__u32 key = 0;
	char *value = bpf_map_lookup_elem(&values, &key), *part;

	MUST(value);
	MUST(bpf_dynptr_from_mem(value, 32, 1, &p) == -22);
	MUST(bpf_dynptr_is_null(&p) && !bpf_dynptr_is_rdonly(&p));
	MUST(bpf_dynptr_size(&p) == (__u32)-22);
	MUST(bpf_dynptr_clone(&p, &q) == -22 && bpf_dynptr_is_null(&q));
	MUST(bpf_dynptr_adjust(&p, 0, 0) == -22);
	MUST(!bpf_dynptr_from_mem(value, 32, 0, &p));
	MUST(!bpf_dynptr_is_null(&p) && bpf_dynptr_size(&p) == 32);
	MUST(!bpf_dynptr_write(&p, 3, "dynamic pointer", 15, 0));
	MUST(bpf_dynptr_write(&p, 18, "dynamic pointer", 15, 0) == -7);
	MUST(bpf_dynptr_write(&p, 3, "dynamic pointer", 15, 1) == -22);
	MUST(!bpf_dynptr_read(text, 15, &p, 3, 0));
	MUST(bpf_dynptr_read(text, 15, &p, 3, 1) == -22);
	MUST(bpf_dynptr_read(text, 15, &p, 0xfffffff8, 0) == -7);
	MUST(!bpf_dynptr_clone(&p, &q));
	MUST(bpf_dynptr_adjust(&q, 9, 3) == -22 && bpf_dynptr_adjust(&q, 0, 33) == -34);
	MUST(!bpf_dynptr_adjust(&q, 3, 18) && bpf_dynptr_size(&q) == 15);
	part = bpf_dynptr_data(&q, 8, 7);
	MUST(part && part[0] == 'p');
	MUST(!bpf_dynptr_data(&q, 9, 7));
	part = bpf_dynptr_slice(&q, 0, 0, 7);
	MUST(part && part[6] == 'c');
	MUST(!bpf_dynptr_slice(&q, 10, 0, 7));
	part = bpf_dynptr_slice_rdwr(&q, 2, 0, 4);
	MUST(part);
	part[0] = '!';
	MUST(value[5] == '!');
	return 0;
}

SEC("tc") int records(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	char *data;

	seen[0] = bpf_ringbuf_reserve_dynptr(&ring, 24, 1, &p);
	bpf_ringbuf_discard_dynptr(&p, 0);
	seen[1] = bpf_ringbuf_reserve_dynptr(&ring, 1 << 24, 0, &p);
	bpf_ringbuf_submit_dynptr(&p, 0);
	seen[2] = bpf_ringbuf_reserve_dynptr(&ring, 5000, 0, &p);
	bpf_ringbuf_submit_dynptr(&p, 0);
	seen[3] = bpf_ringbuf_reserve_dynptr(&ring, 24, 0, &p);
	seen[4] = bpf_dynptr_write(&p, 4, "record", 6, 0);
	seen[5] = bpf_dynptr_size(&p);
	data = bpf_dynptr_data(&p, 4, 6);
	if (data)
		seen[6] = data[0];
	seen[7] = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	bpf_ringbuf_submit_dynptr(&p, 0);
	MUST(seen[0] == -22 && seen[1] == -7 && seen[2] == -22 && !seen[3] && !seen[4]);
	MUST(seen[5] == 24 && seen[6] == 'r');
	return 0;
}

SEC("tc") int packet(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	char bytes[8] = {}, *part;

	MUST(bpf_dynptr_from_skb(skb, 1, &p) == -22 && bpf_dynptr_is_null(&p));
	MUST(!bpf_dynptr_from_skb(skb, 0, &p));
	MUST(bpf_dynptr_size(&p) == skb->len && !bpf_dynptr_is_rdonly(&p));
	seen[16] = bpf_dynptr_size(&p);
	MUST(!bpf_dynptr_write(&p, 20, "packets", 8, 0));
	MUST(bpf_dynptr_write(&p, 20, "packets", 8, 1 << 5) == -22);
	MUST(bpf_dynptr_write(&p, 60, "packets", 8, 0) == -7);
	MUST(!bpf_dynptr_read(bytes, 8, &p, 20, 0) && bytes[6] == 's');
	MUST(!bpf_dynptr_data(&p, 0, 4));
	part = bpf_dynptr_slice(&p, 20, bytes, 8);
	MUST(part && part[1] == 'a');
	MUST(!bpf_dynptr_slice(&p, 60, bytes, 8));
	part = bpf_dynptr_slice_rdwr(&p, 20, bytes, 4);
	MUST(part);
	part[2] = 'k';
	MUST(!bpf_dynptr_adjust(&p, 14, 40) && bpf_dynptr_size(&p) == 26);
	MUST(!bpf_dynptr_read(bytes, 8, &p, 6, 0));
	seen[17] = *(__u64 *)bytes;
	return 0;
}

SEC("socket") int read_only(struct __sk_buff *skb)
{
	struct bpf_dynptr p;
	char bytes[8];

	MUST(!bpf_dynptr_from_skb(skb, 0, &p) && bpf_dynptr_is_rdonly(&p));
	MUST(bpf_dynptr_write(&p, 0, "packets", 8, 0) == -22);
	MUST(!bpf_dynptr_read(bytes, 8, &p, 0, 0));
	return 0;
}

SEC("xdp") int frame(struct xdp_md *xdp)
{
	struct bpf_dynptr p;
	char bytes[8] = {}, *part;

	MUST(bpf_dynptr_from_xdp(xdp, 1, &p) == -22);
	MUST(!bpf_dynptr_from_xdp(xdp, 0, &p) && !bpf_dynptr_is_rdonly(&p));
	seen[24] = bpf_dynptr_size(&p);
	MUST(!bpf_dynptr_write(&p, 20, "packets", 8, 0));
	MUST(bpf_dynptr_write(&p, 20, "packets", 8, 1) == -22);
	MUST(!bpf_dynptr_read(bytes, 8, &p, 20, 0) && bytes[6] == 's');
	part = bpf_dynptr_slice_rdwr(&p, 30, bytes, 8);
	MUST(part);
	part[7] = 'x';
	MUST(!bpf_dynptr_adjust(&p, 30, 50));
	MUST(!bpf_dynptr_read(bytes, 8, &p, 0, 0) && bytes[7] == 'x');
	MUST(bpf_dynptr_read(bytes, 8, &p, 13, 0) == -7);
	return 0;
}
