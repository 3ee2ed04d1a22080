/* SPDX-License-Identifier: BSD-2-Clause */
/* Stack trace maps as bpf_get_stackid() sees them. */
#ifndef ANYBPF_MAP_STACK_TRACE_H
#define ANYBPF_MAP_STACK_TRACE_H

#include "map/map.h"

/* The most frames of a stack: Linux's kernel.perf_event_max_stack. */
#define STACK_MAX_FRAMES 127u

/* How an address of a stack is kept in a map of BPF_F_STACK_BUILD_ID. */
enum {
	STACK_BUILD_ID_VALID = 1, /* build id and offset */
	STACK_BUILD_ID_IP = 2,	  /* the address, of no known file */
};

struct stack_build_id {
	s32 status;
	u8 id[BPF_BUILD_ID_SIZE];
	u64 offset; /* or the address */
};

/* The most frames that the map keeps of a stack. */
u32 stack_trace_depth(const struct map *map);
/*
 * The id of a stack, which is kept when it is new. @ips are its @n addresses,
 * not 0; @frames what is kept of them: the same, or as many struct
 * stack_build_id. -EEXIST when another stack has the id and
 * BPF_F_REUSE_STACKID is not set, -ENOMEM when the map is full.
 */
s64 stack_trace_put(struct map *map, const u64 *ips, const void *frames, u32 n, u64 flags);

#endif
