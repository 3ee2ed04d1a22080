/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of prototypes and the names and sets over it. All of it is
 * constant; it is expanded from helper.def and helper_ids.def.
 */
#include <string.h>

#include "helper/functions.h"

const struct helper_proto helper_protos[HELPER_CNT] = {
#define HELPER(symbol, id_, fn_, flags_, ret_, a1, a2, a3, a4, a5, ...)                            \
	[HELPER_##symbol] = {.id = BPF_FUNC_##id_,                                                 \
			     .name = #id_,                                                         \
			     .fn = fn_,                                                            \
			     .flags = flags_,                                                      \
			     .ret = ret_,                                                          \
			     .arg = {a1, a2, a3, a4, a5},                                          \
			     ##__VA_ARGS__},
#include "helper/helper.def"
#undef HELPER
};

static const char *const names[] = {
#define HELPER_ID(name, id) [id] = #name,
#include "helper/helper_ids.def"
#undef HELPER_ID
};

const char *helper_name(u32 id)
{
	return id < ARRAY_SIZE(names) ? names[id] : NULL;
}

int helper_id_by_name(const char *name)
{
	if (!strncmp(name, "bpf_", 4))
		name += 4;
	for (u32 id = 0; id < ARRAY_SIZE(names); id++) {
		if (names[id] && !strcmp(names[id], name))
			return (int)id;
	}
	return -1;
}

#define PROG(name)	  BIT_ULL(BPF_PROG_TYPE_##name)
#define ATTACH(name)	  BIT_ULL(BPF_##name)
#define GATE(symbol, ...) {.index = HELPER_##symbol, .progs = __VA_ARGS__},
const struct helper_gate helper_gates[] = {
#include "helper/helper_gates.def"
};
const u32 helper_gate_cnt = ARRAY_SIZE(helper_gates);

static u32 gate_id(u32 at)
{
	return helper_protos[helper_gates[at].index].id;
}

/* The first gate whose id is not below @id. */
static u32 first_gate(u32 id)
{
	u32 low = 0, high = helper_gate_cnt;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (gate_id(mid) < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool passes(const struct helper_gate *gate, const struct helper_caller *caller)
{
	if (!set_has(gate->progs, caller->type) || gate->caps & ~caller->caps)
		return false;
	if (gate->attach && !set_has(gate->attach, caller->attach_type))
		return false;
	return gate->when == HELPER_ALWAYS ||
	       caller->sleepable == (gate->when == HELPER_IF_SLEEPABLE);
}

const struct helper_proto *helper_find(const struct helper_caller *caller, u32 id)
{
	for (u32 i = first_gate(id); i < helper_gate_cnt && gate_id(i) == id; i++)
		if (passes(&helper_gates[i], caller))
			return &helper_protos[helper_gates[i].index];
	return NULL;
}
