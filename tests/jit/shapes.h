/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of any size, made to see how the time to compile grows: some as
 * people write them, only longer, and some that are made to be slow. Those
 * that are made to be slow are compiled and never run: some would not end.
 */
#ifndef ANYBPF_TESTS_JIT_SHAPES_H
#define ANYBPF_TESTS_JIT_SHAPES_H

#include "engine.h"

struct shape_code;

struct jit_shape {
	const char *name;
	bool hostile; /* made to be slow */
	void (*make)(struct shape_code *code);
};

extern const struct jit_shape jit_shapes[];
extern const u32 jit_shape_cnt;

/* A program of about so many instructions. */
struct prog *jit_shape_prog(struct host *host, const struct jit_shape *shape, u32 size);

#endif
