/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every benchmark program includes. The same source becomes BPF for the
 * engines and a plain C function for the machine:
 *
 *	BENCH(name, PACKET, "what it is") { ... }	the program
 *	SETUP(name) { ... }				fills its maps, run once before it
 *	STEP(name) { ... }				what is entered by tail calls only
 *	BENCH_OP(name, "what it is") { ... }		OPS operations on a map
 *	BENCH_MAP(name, type, entries, key, value)	a map
 *	BENCH_STEPS(name, &step, ...)			a program array
 *
 * A program sees the packet of PACKET (bench/packets.c) from ctx->data to
 * ctx->data_end and returns 32 bits that depend on all that it computed. What
 * it keeps from run to run is its own or in maps, so that its n-th run gives
 * the same everywhere. A run takes some hundred nanoseconds at least: what is
 * shorter is done in a loop. The packet is the same in every run, and a branch
 * predictor learns it: where that would hide what branches cost, the program
 * makes its data new each time.
 */
#ifndef ANYBPF_BENCH_H
#define ANYBPF_BENCH_H

#ifdef __bpf__

#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define BENCH(name, packet, what)                                                                  \
	SEC("xdp")                                                                                 \
	int name(struct xdp_md *ctx __attribute__((unused)))
#define BENCH_OP(name, what) BENCH(name, PACKET_BYTES, what)
#define STEP(name)                                                                                 \
	SEC("xdp")                                                                                 \
	int name(struct xdp_md *ctx __attribute__((unused)))
#define SETUP(name) STEP(name##_setup)

#define BENCH_MAP(name, map_type, entries, key_type, value_type)                                   \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")
#define BENCH_RINGBUF(name, bytes)                                                                 \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                \
		__uint(max_entries, bytes);                                                        \
	} name SEC(".maps")
#define BENCH_STEPS(name, entries, ...)                                                            \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY);                                             \
		__uint(max_entries, entries);                                                      \
		__uint(key_size, sizeof(__u32));                                                   \
		__array(values, int(struct xdp_md *));                                             \
	} name SEC(".maps") = {.values = {__VA_ARGS__}}

/* Linux casts its pointers in a context to 32 bits. */
#define ctx_data(ctx)	  ((__u8 *)(long)(ctx)->data)
#define ctx_data_end(ctx) ((__u8 *)(long)(ctx)->data_end)

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#else
#include "native.h"
#endif

/* How many operations a program of BENCH_OP() does in one run. */
#define OPS 256

/* Keeps the compiler from seeing through a value, at no cost. */
#define opaque(x) __asm__ volatile("" : "+r"(x))

static inline __u32 rotate32(__u32 v, int n)
{
	return v << n | v >> (32 - n);
}

static inline __u64 rotate64(__u64 v, int n)
{
	return v << n | v >> (64 - n);
}

/* Folds a result to the 32 bits that a program returns. */
static inline __u32 fold(__u64 v)
{
	return (__u32)(v ^ v >> 32);
}

#endif
