// SPDX-License-Identifier: BSD-2-Clause
// Every way to define a map. The lines of comment are what must be read of it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct value {
	__u64 count;
	__u32 last;
};

// map hash hash key 4 value 16 max 16 flags 0
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct value);
} hash SEC(".maps");

// map sizes percpu_array key 4 value 24 max 1 flags 0
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(int));
	__uint(value_size, 24);
} sizes SEC(".maps");

// map both array key 4 value 8 max 3 flags 1024
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__type(key, int);
	__uint(value_size, 8);
	__type(value, long);
	__uint(max_entries, 3);
	__uint(map_flags, BPF_F_MMAPABLE);
} both SEC(".maps");

// map ring ringbuf key 0 value 0 max 4096 flags 0
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

// map node hash key 8 value 8 max 1 flags 5 node 1
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
	__uint(map_flags, BPF_F_NUMA_NODE | BPF_F_NO_PREALLOC);
	__uint(numa_node, 1);
} node SEC(".maps");

// map bloom bloom_filter key 0 value 4 max 100 flags 0 extra 3
struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__type(value, __u32);
	__uint(map_extra, 3);
} bloom SEC(".maps");

// A number of 64 bits, as __ulong() of newer headers writes it.
// map wide arena key 0 value 0 max 1 flags 1024 extra 17592186044416
struct {
	__uint(type, 33);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	enum { WIDE = 1ull << 44 } map_extra;
} wide SEC(".maps");

// map pinned hash key 4 value 4 max 2 flags 0 pinned
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, int);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} pinned SEC(".maps");

// A type with a name and qualifiers, and a static variable.
// map hidden hash key 4 value 4 max 5 flags 0
typedef struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 5);
	__type(key, int);
	__type(value, int);
} map_type;
map_type hidden SEC(".maps");

// map inner_1 array key 4 value 4 max 4 flags 0
// map inner_2 array key 4 value 4 max 4 flags 0
struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} inner_1 SEC(".maps"), inner_2 SEC(".maps");

// map outer array_of_maps key 4 value 4 max 4 flags 0 inner outer.inner array key 4 value 4 max 4 flags 0
// slot outer 0 inner_1
// slot outer 2 inner_2
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = {&inner_1, [2] = &inner_2},
};

int second(struct xdp_md *ctx);

// map jumps prog_array key 4 value 4 max 2 flags 0
// slot jumps 1 second
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = {[1] = (void *)&second},
};

// func first xdp global type 6 attach 37
// reloc first map hash
// reloc first map outer
// reloc first map jumps
SEC("xdp")
int first(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct value *value = bpf_map_lookup_elem(&hash, &key);
	__u32 *in;
	void *map;

	if (value)
		value->count++;
	map = bpf_map_lookup_elem(&outer, &key);
	in = map ? bpf_map_lookup_elem(map, &key) : 0;
	if (in)
		*in += 1;
	bpf_tail_call(ctx, &jumps, 1);
	return XDP_PASS;
}

// func second xdp global type 6 attach 37
SEC("xdp")
int second(struct xdp_md *ctx)
{
	return XDP_DROP;
}

// license Dual BSD/GPL
char _license[] SEC("license") = "Dual BSD/GPL";
