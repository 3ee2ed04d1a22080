/* SPDX-License-Identifier: BSD-2-Clause */
/* Draws random arguments for a helper's prototype. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cases.h"

const char case_strings[256] = "%d %u\0"
			       "abc\0"
			       "%s\0"
			       "%lld|%llx|%5d\0"
			       "\0"
			       "%px%%\0"
			       "%q\0"
			       "12345\0"
			       "%d %d %d %d %d\0"
			       "%pI4 %pi6\0"
			       "%-7s|%c\0";

static u32 below(u64 *random, u32 n)
{
	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((*random >> 33) % n);
}

const char *case_impossible(const struct helper_proto *proto)
{
	for (u32 i = 0; i < 5; i++) {
		switch (ARG_BASE(proto->arg[i])) {
		case ARG_PTR_TO_SPIN_LOCK:
			return "takes a lock";
		case ARG_PTR_TO_TIMER:
			return "takes a timer";
		case ARG_KPTR_XCHG_DEST:
		case ARG_PTR_TO_BTF_ID:
		case ARG_PTR_TO_PERCPU_BTF_ID:
			return "takes an object of the kernel";
		case ARG_PTR_TO_SOCK_COMMON:
		case ARG_PTR_TO_SOCKET:
		case ARG_PTR_TO_BTF_ID_SOCK_COMMON:
			return "takes a socket";
		case ARG_PTR_TO_RINGBUF_MEM:
			return "takes a record";
		case ARG_PTR_TO_ARENA:
			return "takes memory of an arena";
		case ARG_PTR_TO_DYNPTR:
			if (proto->arg[i] & OBJ_RELEASE)
				return "takes a record";
			break;
		default:
			break;
		}
	}
	switch (proto->ret & 0xff) {
	case RET_PTR_TO_SOCKET:
	case RET_PTR_TO_SOCK_COMMON:
	case RET_PTR_TO_TCP_SOCK:
		return "gives a socket";
	case RET_PTR_TO_BTF_ID:
	case RET_PTR_TO_MEM_OR_BTF_ID:
		return "gives an object of the kernel";
	default:
		return NULL;
	}
}

static u64 draw_number(u64 *random, u32 packet_size, const void *user)
{
	static const u64 edges[] = {
		0,
		1,
		2,
		3,
		4,
		5,
		6,
		7,
		8,
		16,
		20,
		24,
		32,
		64,
		128,
		255,
		256,
		4096,
		0xffff,
		0x10000,
		0x800,
		0x86dd,
		0x8100,
		0x88a8,
		0x0608,
		INT32_MAX,
		0x80000000,
		UINT32_MAX,
		1ull << 32,
		INT64_MAX,
		1ull << 63,
		UINT64_MAX,
		UINT64_MAX - 1,
		UINT64_MAX - 3,
		UINT64_MAX - 7,
		UINT64_MAX - 13,
		UINT64_MAX - 39,
		UINT64_MAX - 255,
	};
	u32 bits = 1 + below(random, 63);
	u64 all = (u64)below(random, UINT32_MAX) << 32 | below(random, UINT32_MAX);

	switch (below(random, 10)) {
	case 0 ... 2:
		return below(random, 20);
	case 3:
		return below(random, packet_size + 4);
	case 4:
		return packet_size - 4 + below(random, 8); /* about its end */
	case 5:
		return 1ull << below(random, 20); /* a flag */
	case 6:
		return below(random, 4) ? all >> bits : ptr_to_u64(user);
	default:
		return edges[below(random, ARRAY_SIZE(edges))];
	}
}

static u64 draw_size(u64 *random)
{
	static const u8 sizes[] = {0,  1,  2,  3,  4,  7,  8,  12,  16,
				   20, 24, 28, 32, 40, 44, 64, 128, 255};

	return sizes[below(random, ARRAY_SIZE(sizes))];
}

static struct argument draw_memory(const struct helper_case *c, u32 i, u64 *random)
{
	if (c->proto->arg[i] & PTR_MAYBE_NULL && !below(random, 4))
		return (struct argument){PASS_NUMBER, 0};
	if (c->proto->flags & HELPER_PKT_ACCESS && c->runner->direct && !below(random, 4))
		return (struct argument){PASS_PACKET, 0};
	if (!below(random, 3))
		return (struct argument){PASS_STACK, 0};
	return (struct argument){PASS_AREA, 0};
}

static struct argument draw_string(u64 *random)
{
	u32 at = 0;

	for (u32 n = below(random, 11); n; n--)
		at += (u32)strlen(case_strings + at) + 1;
	return (struct argument){PASS_STRING, at};
}

static struct argument draw_argument(const struct helper_case *c, u32 i, u64 *random,
				     u32 packet_size, const void *user)
{
	switch (ARG_BASE(c->proto->arg[i])) {
	case ARG_DONTCARE:
		/* What is left of r3 to r5 is looked at by bpf_trace_printk(). */
		return (struct argument){c->proto->flags & HELPER_VARIADIC ? PASS_NUMBER
									   : PASS_NOTHING,
					 draw_number(random, packet_size, user)};
	case ARG_PTR_TO_CTX:
		return (struct argument){PASS_CONTEXT, 0};
	case ARG_CONST_MAP_PTR:
		return (struct argument){PASS_MAP, 0};
	case ARG_PTR_TO_MAP_KEY:
	case ARG_PTR_TO_MAP_VALUE:
	case ARG_PTR_TO_MEM:
		return draw_memory(c, i, random);
	case ARG_PTR_TO_CONST_STR:
		return draw_string(random);
	case ARG_PTR_TO_FUNC:
		return (struct argument){PASS_CALLBACK, 0};
	case ARG_PTR_TO_STACK:
		return (struct argument){below(random, 3) ? PASS_COUNTER : PASS_NUMBER, 0};
	case ARG_PTR_TO_DYNPTR:
		if (c->proto->arg[i] & MEM_UNINIT)
			return (struct argument){PASS_NO_DYNPTR, 0};
		return (struct argument){PASS_DYNPTR, draw_size(random)};
	case ARG_CONST_SIZE:
	case ARG_CONST_SIZE_OR_ZERO:
	case ARG_CONST_ALLOC_SIZE_OR_ZERO:
		return (struct argument){PASS_NUMBER, draw_size(random)};
	default:
		return (struct argument){below(random, 2) ? PASS_NUMBER : PASS_UNKNOWN,
					 draw_number(random, packet_size, user)};
	}
}

/* Memory with a text or a number at its start now and then, small numbers else. */
static void draw_bytes(u8 *p, size_t size, u64 *random)
{
	static const char *const texts[] = {"0x1f2",	  " -77 ", "18446744073709551616",
					    "%d %s %llx", "abc",   "12345",
					    "0777",	  "+3"};

	for (size_t i = 0; i < size; i++)
		p[i] = (u8)(below(random, 3) ? below(random, 256) : below(random, 3));
	if (!below(random, 2))
		memset(p, 0, 8);
	if (!below(random, 3))
		p[0] = (u8)below(random, 6); /* keys that are there */
	if (!below(random, 3))
		strcpy((char *)p, texts[below(random, ARRAY_SIZE(texts))]);
}

static bool fits(u32 id, enum test_map map)
{
	switch (id) {
	case BPF_FUNC_map_push_elem:
	case BPF_FUNC_map_pop_elem:
	case BPF_FUNC_map_peek_elem:
		return map == TEST_QUEUE || map == TEST_STACK || map == TEST_BLOOM;
	case BPF_FUNC_ringbuf_output:
	case BPF_FUNC_ringbuf_reserve:
	case BPF_FUNC_ringbuf_query:
	case BPF_FUNC_ringbuf_reserve_dynptr:
		return map == TEST_RINGBUF;
	case BPF_FUNC_perf_event_output:
	case BPF_FUNC_perf_event_read:
	case BPF_FUNC_perf_event_read_value:
		return map == TEST_PERF;
	case BPF_FUNC_get_stackid:
		return map == TEST_STACK_TRACE;
	case BPF_FUNC_redirect_map:
		return map == TEST_DEVMAP;
	case BPF_FUNC_skb_under_cgroup:
	case BPF_FUNC_current_task_under_cgroup:
		return map == TEST_CGROUPS;
	default:
		return map <= TEST_LPM || map == TEST_MAPS;
	}
}

void case_draw(struct helper_case *c, u64 *random, u32 packet_size, const void *user)
{
	draw_bytes(c->before.stack, sizeof(c->before.stack), random);
	for (u32 i = 0; i < 5; i++)
		draw_bytes(c->before.area[i], AREA, random);
	draw_bytes(c->before.dynptr, AREA, random);
	for (u32 i = 0; i < 5; i++) {
		c->arg[i] = draw_argument(c, i, random, packet_size, user);
		c->before.unknown[i] = c->arg[i].number;
	}
	c->map = (enum test_map)below(random, TEST_MAP_CNT);
	for (u32 i = 0; i < TEST_MAP_CNT && below(random, 20) && !fits(c->proto->id, c->map); i++)
		c->map = (c->map + 1) % TEST_MAP_CNT;
}

void case_print(const struct helper_case *c)
{
	static const char *const maps[] = {
		"hash",	   "array", "percpu_array", "lpm_trie",	   "queue",   "stack", "bloom",
		"ringbuf", "perf",  "of maps",	    "stack_trace", "cgroups", "devmap"};
	static const char *const how[] = {[PASS_CONTEXT] = "ctx",
					  [PASS_AREA] = "memory",
					  [PASS_STACK] = "stack",
					  [PASS_PACKET] = "packet",
					  [PASS_CALLBACK] = "callback",
					  [PASS_COUNTER] = "counter",
					  [PASS_NO_DYNPTR] = "room for a dynptr"};

	printf("#   bpf_%s(", c->proto->name);
	for (u32 i = 0; i < 5 && c->arg[i].how; i++) {
		const struct argument *arg = &c->arg[i];

		printf("%s", i ? ", " : "");
		if (arg->how == PASS_MAP)
			printf("%s", maps[c->map]);
		else if (arg->how == PASS_STRING)
			printf("\"%s\"", case_strings + arg->number);
		else if (arg->how == PASS_NUMBER || arg->how == PASS_UNKNOWN)
			printf("%s%#" PRIx64, arg->how == PASS_UNKNOWN ? "unknown " : "",
			       arg->number);
		else if (arg->how == PASS_DYNPTR)
			printf("dynptr of %u bytes", (u32)arg->number);
		else
			printf("%s", how[arg->how]);
	}
	printf(")\n");
}
