/* SPDX-License-Identifier: BSD-2-Clause */
/* Iterators: over maps, their elements, programs and links. */
#include "runs.h"

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id, seq_num;
};

/* As the host has it: programs are not relocated here. */
struct bpf_map {
	__u64 host_object[4], host_ops;
	__u32 map_type, id, key_size, value_size, max_entries, map_flags;
	__u64 map_extra;
	char name[16];
};

struct bpf_prog_aux {
	__u32 id;
};

struct bpf_prog {
	__u16 pages, flags;
	__u32 type, expected_attach_type, len, jited_len;
	__u8 tag[8];
	struct bpf_prog_aux *aux;
};

struct bpf_link {
	__u32 type, id;
	struct bpf_prog *prog;
};

#define PRINT(meta, fmt, args...)                                                                  \
	({                                                                                         \
		static const char text[] = fmt;                                                    \
		__u64 values[] = {args};                                                           \
		bpf_seq_printf((meta)->seq, text, sizeof(text), values, sizeof(values));           \
	})

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} squares SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__type(value, __u64);
} queue SEC(".maps");

struct locked {
	__u64 number;
	struct bpf_spin_lock lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct locked);
} locked SEC(".maps");

unsigned int again, huge;

struct map_ctx {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

SEC("iter/bpf_map")
int maps(struct map_ctx *ctx)
{
	struct bpf_map *map = ctx->map;

	if (!map) {
		PRINT(ctx->meta, "end %d\n", ctx->meta->seq_num);
		return 0;
	}
	PRINT(ctx->meta, "%d: %d %s %d\n", ctx->meta->seq_num, map->map_type,
	      (unsigned long)map->name, map->max_entries);
	return 0;
}

struct elem_ctx {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	__u32 *key;
	__u64 *value;
};

/* What it prints of `numbers` it doubles; and what it is told to see again it does. */
SEC("iter/bpf_map_elem")
int elements(struct elem_ctx *ctx)
{
	struct bpf_iter_meta *meta = ctx->meta;
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (!key || !value)
		return 0;
	if (again && !--again)
		return 1;
	PRINT(meta, "%d %d\n", *key, *value);
	*value *= 2;
	return 0;
}

/* The key's bytes, or more of them than any reader has room for. */
SEC("iter/bpf_map_elem")
int bytes(struct elem_ctx *ctx)
{
	static const char page[4096];

	if (!ctx->key)
		return 0;
	if (!huge)
		return bpf_seq_write(ctx->meta->seq, ctx->key, 4) ? 1 : 0;
	for (int i = 0; i < 9; i++)
		bpf_seq_write(ctx->meta->seq, page, sizeof(page));
	return 0;
}

struct wide_ctx {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	__u64 *key, *value;
};

/* Takes keys of 8 bytes. */
SEC("iter/bpf_map_elem")
int wide(struct wide_ctx *ctx)
{
	return ctx->key && *ctx->key == 1;
}

struct prog_ctx {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
};

SEC("iter/bpf_prog")
int progs(struct prog_ctx *ctx)
{
	if (ctx->prog)
		PRINT(ctx->meta, "%d %d\n", ctx->prog->type, ctx->prog->aux->id);
	return 0;
}

struct link_ctx {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
};

SEC("iter/bpf_link")
int links(struct link_ctx *ctx)
{
	if (ctx->link)
		PRINT(ctx->meta, "%d %d %d\n", ctx->link->type, ctx->link->id,
		      ctx->link->prog->aux->id);
	return 0;
}
