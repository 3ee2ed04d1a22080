/* SPDX-License-Identifier: BSD-2-Clause */
/* Tail calls: the one map type whose elements the engines read themselves. */
#ifndef ANYBPF_MAP_PROG_ARRAY_H
#define ANYBPF_MAP_PROG_ARRAY_H

#include "base/sync.h"
#include "map/map.h"

struct prog;

/* Laid out for the JIT: it loads max_entries and targets[index] itself. */
struct prog_array {
	struct map map;
	_Atomic(struct prog *) *targets; /* desc.max_entries of them, NULL where empty */
	/* The first program that used or entered the array fixes what may follow. */
	u32 owner_type;
	u32 owner_attach_type;
	bool owned;
	u32 used;	      /* indexes from here on have always been empty */
	struct spinlock lock; /* of the owner, and held by those who change or list targets */
};

/* NULL when @index is out of range or empty. Valid while the caller's run lasts. */
struct prog *prog_array_target(struct map *map, u32 index);
/*
 * Whether @prog may use or enter the array: one of the owner's type; sets the
 * owner. Other than in Linux, programs with machine code and without mix.
 */
bool prog_array_compatible(struct map *map, const struct prog *prog);

#endif
