/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers are added one by one: structures have gaps, and those have any contents. */
#include "jit/aot/digest.h"

#include "base/version.h"
#include "helper/helper.h"
#include "isa/isa.h"
#include "jit/runtime.h"
#include "map/array.h"
#include "map/prog_array.h"
#include "object/packet.h"

static void add_number(struct sha1 *s, u64 number)
{
	sha1_add(s, &number, sizeof(number));
}

static void add_text(struct sha1 *s, const char *text)
{
	sha1_add(s, text, strlen(text) + 1);
}

/* ---- the library ---- */

static const u32 abi[] = {
#define FIELD(type, member) offsetof(type, member), sizeof(((type *)NULL)->member),
#define NUMBER(value)	    value,
#include "jit/aot/abi.def"
#undef FIELD
#undef NUMBER
};

void aot_digest_abi(u8 digest[SHA1_SIZE])
{
	struct sha1 s;

	sha1_init(&s);
	add_text(&s, LIBRARY_VERSION);
	for (u32 i = 0; i < ARRAY_SIZE(abi); i++)
		add_number(&s, abi[i]);
	for (u32 i = 0; i < HELPER_CNT; i++) {
		add_number(&s, (u64)helper_protos[i].id);
		add_text(&s, helper_protos[i].name);
	}
	for (u32 i = 0; i < JIT_RUNTIME_CNT; i++)
		add_text(&s, jit_runtime[i].name);
	sha1_final(&s, digest);
}

/* ---- a program ---- */

/*
 * A wide load of an address: what it is the address of. Handles differ from
 * load to load; the map's number is in the facts.
 */
static void add_wide(struct sha1 *s, const struct prog *prog, u32 at)
{
	const struct bpf_insn *orig = prog->orig ? &prog->orig[at] : NULL;
	u8 pseudo = orig ? orig->src_reg : 0;

	add_number(s, pseudo);
	if (pseudo == BPF_PSEUDO_FUNC)
		add_number(s, (u32)orig->imm);
	else if (pseudo == BPF_PSEUDO_MAP_VALUE || pseudo == BPF_PSEUDO_MAP_IDX_VALUE)
		add_number(s, (u32)orig[1].imm);
	else if (!pseudo)
		add_number(s, isa_wide_imm(&prog->insns[at]));
}

static void add_insn(struct sha1 *s, const struct prog *prog, u32 at)
{
	const struct bpf_insn *insn = &prog->insns[at];

	add_number(s, insn->code | (u64)insn->dst_reg << 8 | (u64)insn->src_reg << 12 |
			      (u64)(u16)insn->off << 16);
	if (isa_is_wide(insn))
		add_wide(s, prog, at);
	else
		add_number(s, (u32)insn->imm);
}

static void add_fact(struct sha1 *s, const struct insn_fact *fact)
{
	add_number(s, fact->flags | (u64)fact->mem << 8 | (u64)fact->map << 16 |
			      (u64)fact->helper << 32 | (u64)fact->subprog << 48);
	add_number(s, fact->umin);
	add_number(s, fact->umax);
}

static void add_subprog(struct sha1 *s, const struct subprog *sub)
{
	add_number(s, sub->start | (u64)sub->end << 32);
	add_number(s, sub->stack_depth);
	add_number(s, (u64)sub->is_callback | (u64)sub->is_global << 1 |
			      (u64)sub->has_tail_call << 2 | (u64)sub->changes_packet << 3 |
			      (u64)sub->unreliable << 4 | (u64)sub->is_exception_callback << 5 |
			      (u64)sub->dead << 6);
}

/* What a kernel function gets besides registers: numbers, or a type by what is in it. */
static void add_kfunc(struct sha1 *s, const struct kfunc_call *call)
{
	const struct btf_fields *fields = call->type.fields;

	add_text(s, call->name ? call->name : "");
	add_number(s, call->nargs | (u64)call->fixed << 8 | (u64)call->type.size << 16);
	for (u32 i = 1; i <= 5; i++)
		if (call->value[i] != ptr_to_u64(&call->type))
			add_number(s, call->value[i]);
	for (u32 i = 0; fields && i < fields->cnt; i++)
		add_number(s, fields->at[i].kind | (u64)fields->at[i].offset << 32);
}

void aot_digest_facts(const struct prog *prog, const struct jit_options *options,
		      u8 digest[SHA1_SIZE])
{
	struct sha1 s;

	sha1_init(&s);
	add_number(&s, prog->insn_cnt);
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		add_insn(&s, prog, i);
		i += isa_is_wide(&prog->insns[i]);
	}
	for (u32 i = 0; i < prog->kfunc_call_cnt; i++)
		add_kfunc(&s, &prog->kfunc_calls[i]);
	add_number(&s, prog->subprog_cnt);
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		add_subprog(&s, &prog->subprogs[i]);
	add_number(&s, (u64) !!options->facts | (u64) !!options->masks << 1);
	for (u32 i = 0; options->facts && i < prog->insn_cnt; i++)
		add_fact(&s, &options->facts[i]);
	for (u32 i = 0; options->masks && i < prog->insn_cnt; i++)
		add_number(&s, options->masks[i].limit | (u64)options->masks[i].state << 32);
	sha1_final(&s, digest);
}

struct aot_map aot_describe_map(struct map *map)
{
	bool array =
		map->desc.type == BPF_MAP_TYPE_ARRAY || map->desc.type == BPF_MAP_TYPE_PERCPU_ARRAY;

	return (struct aot_map){
		.type = map->desc.type,
		.key_size = map->desc.key_size,
		.value_size = map->desc.value_size,
		.max_entries = map->desc.max_entries,
		.map_flags = map->desc.map_flags,
		.fields = map->fields.mask,
		.map_extra = map->desc.map_extra,
		.stride = array ? array_map_of(map)->stride : 0,
		.cpu_stride = array ? array_map_of(map)->cpu_stride : 0,
	};
}
