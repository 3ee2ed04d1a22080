/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native side of bench.h: programs are plain functions, maps are this
 * library's own, called as C that embeds it would call them. The harness finds
 * all programs and maps in two sections and gives each map what it stands for.
 */
#ifndef ANYBPF_BENCH_NATIVE_H
#define ANYBPF_BENCH_NATIVE_H

#include "map/map.h"
#include "map/ringbuf.h"

/* What programs see of an XDP context: the start of the library's struct xdp_buff. */
struct bench_ctx {
	u8 *data, *data_end, *data_meta;
};

/* What a program finds in its packet; see packets.c. */
enum bench_packet {
	PACKET_BYTES,  /* random bytes */
	PACKET_TEXT,   /* words and numbers */
	PACKET_FRAMES, /* frames in slots of FRAME_SLOT bytes */
	BENCH_PACKETS,
};
#define PACKET_SIZE 2048
#define FRAME_SLOT  128

typedef int bench_fn(struct bench_ctx *ctx);

struct bench_entry {
	const char *object; /* file of the program, without suffix */
	const char *name, *what;
	bench_fn *run, *setup; /* setup may be NULL */
	enum bench_packet packet;
	u32 ops; /* operations in a run whose single cost is asked for; 0: the whole is */
};

struct bench_map {
	const char *object, *name;
	struct map *map; /* the harness's to set, before anything runs */
};

/* The slot that native code runs in; the harness's to set. */
extern u32 bench_cpu;

#ifdef BENCH_OBJECT
/* ---- only for the programs ---- */

typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
typedef u16 __be16;
typedef u32 __be32;

#define xdp_md	   bench_ctx
#define __noinline __attribute__((noinline))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define SEC(name)

#define bpf_htons(v) __builtin_bswap16(v)
#define bpf_ntohs(v) __builtin_bswap16(v)
#define bpf_htonl(v) __builtin_bswap32(v)
#define bpf_ntohl(v) __builtin_bswap32(v)

/* A list of pointers, that the linker makes one table of. */
#define BENCH_LISTED(section_name, type, name)                                                     \
	static type *const name##_listed __attribute__((section(section_name), used)) = &name

#define BENCH_PRAGMA(text) _Pragma(#text)

#define BENCH(program, the_packet, what_it_is) BENCH_ENTRY(program, the_packet, what_it_is, 0)
#define BENCH_OP(program, what_it_is)	       BENCH_ENTRY(program, PACKET_BYTES, what_it_is, OPS)
#define BENCH_ENTRY(program, the_packet, what_it_is, ops_in_run)                                   \
	static int program(struct bench_ctx *ctx);                                                 \
	BENCH_PRAGMA(weak program##_setup)                                                         \
	int program##_setup(struct bench_ctx *ctx);                                                \
	static struct bench_entry program##_entry = {                                              \
		.object = BENCH_OBJECT,                                                            \
		.name = #program,                                                                  \
		.what = what_it_is,                                                                \
		.run = program,                                                                    \
		.setup = program##_setup,                                                          \
		.packet = the_packet,                                                              \
		.ops = ops_in_run,                                                                 \
	};                                                                                         \
	BENCH_LISTED("bench_entries", struct bench_entry, program##_entry);                        \
	static int program(struct bench_ctx *ctx __unused)
#define STEP(program) static int program(struct bench_ctx *ctx __unused)
#define SETUP(program)                                                                             \
	int program##_setup(struct bench_ctx *ctx);                                                \
	int program##_setup(struct bench_ctx *ctx __unused)

#define BENCH_MAP(map_name, type, entries, key, value)                                             \
	static struct bench_map map_name = {.object = BENCH_OBJECT, .name = #map_name};            \
	BENCH_LISTED("bench_maps", struct bench_map, map_name)
#define BENCH_RINGBUF(map_name, bytes) BENCH_MAP(map_name, 0, 0, 0, 0)
/* Not static: the compiler must not know what is in it. */
#define BENCH_STEPS(name, entries, ...) bench_fn *name[entries] = {__VA_ARGS__}

#define ctx_data(ctx)	  ((ctx)->data)
#define ctx_data_end(ctx) ((ctx)->data_end)

static inline void *bpf_map_lookup_elem(struct bench_map *m, const void *key)
{
	return m->map->ops->lookup(m->map, key, bench_cpu);
}

static inline long bpf_map_update_elem(struct bench_map *m, const void *key, const void *value,
				       u64 flags)
{
	return m->map->ops->update(m->map, key, value, flags, bench_cpu);
}

static inline long bpf_map_delete_elem(struct bench_map *m, const void *key)
{
	return m->map->ops->delete (m->map, key);
}

static inline void *bpf_ringbuf_reserve(struct bench_map *m, u64 size, u64 flags __unused)
{
	return ringbuf_reserve(m->map, size);
}

static inline void bpf_ringbuf_submit(void *record, u64 flags)
{
	ringbuf_commit(record, flags, false);
}

static inline u32 bpf_get_smp_processor_id(void)
{
	return bench_cpu;
}

static inline long bpf_loop(u32 n, long (*fn)(u64 i, void *arg), void *arg, u64 flags __unused)
{
	for (u32 i = 0; i < n; i++) {
		if (fn(i, arg))
			return i + 1;
	}
	return n;
}

typedef long bench_each(void *map, const void *key, void *value, void *arg);

struct bench_each_call {
	bench_each *fn;
	void *arg;
};

static inline long bench_each_one(void *arg, void *key, void *value)
{
	struct bench_each_call *call = arg;

	return call->fn(NULL, key, value, call->arg);
}

static inline long bench_for_each(struct bench_map *m, bench_each *fn, void *arg)
{
	struct bench_each_call call = {fn, arg};

	return m->map->ops->for_each(m->map, bench_cpu, bench_each_one, &call);
}

#define bpf_for_each_map_elem(m, fn, arg, flags) bench_for_each(m, (bench_each *)(fn), arg)
#define bpf_tail_call(ctx, steps, i)                                                               \
	do {                                                                                       \
		if ((u32)(i) < ARRAY_SIZE(*(steps)) && (*(steps))[i])                              \
			return (*(steps))[i](ctx);                                                 \
	} while (0)

#endif
#endif
