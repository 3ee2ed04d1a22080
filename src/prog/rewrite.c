/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the program as loaded to the prepared form that object/prog.h
 * describes. Instruction by instruction, in place, moving none; each kind of
 * rewrite is one function.
 */
#include <errno.h>

#include "base/bytes.h"
#include "isa/isa.h"
#include "map/arena.h"
#include "object/btf_object.h"
#include "object/owned.h"
#include "prog/internal.h"

static const struct bpf_insn trap = {.code = BPF_JMP | BPF_JA, .off = -1};

/* What verifies and cannot be run here yet; "arenas are". */
static int not_yet(struct load *load, u32 at, const char *what)
{
	log_printf(load->log, "insn %u: %s not supported yet\n", at, what);
	return -EOPNOTSUPP;
}

static void set_wide(struct bpf_insn *insn, u64 value)
{
	insn[0].src_reg = 0;
	insn[0].imm = (s32)(u32)value;
	insn[1].imm = (s32)(u32)(value >> 32);
}

static int rewrite_map_value(struct bpf_insn *insn, struct map *map)
{
	void *addr;
	int err;

	if (!map->ops->direct_value)
		return -EINVAL;
	err = map->ops->direct_value(map, (u32)insn[1].imm, &addr);
	if (!err)
		set_wide(insn, ptr_to_u64(addr));
	return err;
}

static int rewrite_func(struct load *load, u32 at)
{
	struct prog *prog = load->prog;
	s64 target = (s64)at + prog->insns[at].imm + 1;
	struct subprog *fn;

	if (target < 0 || target >= prog->insn_cnt)
		return -EINVAL;
	fn = &prog->subprogs[prog->subprog_of_insn[target]];
	fn->is_callback = true;
	set_wide(&prog->insns[at], ptr_to_u64(fn));
	return 0;
}

/* The address of a variable of the host's kernel, or of a function to compare with. */
static int rewrite_ksym(struct load *load, u32 at)
{
	struct bpf_insn *insn = &load->prog->insns[at];
	struct host *host = load->host;
	const struct btf *btf;
	u64 addr;

	if (insn[1].imm || !host_types_are_own(host) || !host->vmlinux)
		return not_yet(load, at, "addresses in another kernel are");
	btf = host->vmlinux->btf;
	addr = kernel_symbol(host, btf_name(btf, btf_type_by_id(btf, (u32)insn->imm)));
	if (!addr)
		return not_yet(load, at, "this kernel variable or function is");
	set_wide(insn, addr);
	return 0;
}

static int rewrite_wide(struct load *load, u32 at)
{
	struct prog *prog = load->prog;
	struct bpf_insn *insn = &prog->insns[at];
	const struct insn_fact *fact = &load->result->facts[at];

	switch (insn->src_reg) {
	case 0:
		return 0;
	case BPF_PSEUDO_FUNC:
		return rewrite_func(load, at);
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_IDX:
		if (fact->map >= prog->map_cnt)
			return -EFAULT;
		set_wide(insn, ptr_to_u64(prog->maps[fact->map]));
		return 0;
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		if (fact->map >= prog->map_cnt)
			return -EFAULT;
		return rewrite_map_value(insn, prog->maps[fact->map]);
	case BPF_PSEUDO_BTF_ID:
		return rewrite_ksym(load, at);
	default:
		return -EINVAL;
	}
}

static void fix_arg(struct kfunc_call *call, u32 arg, u64 value)
{
	if (!arg)
		return;
	call->fixed |= (u8)BIT(arg);
	call->value[arg] = value;
	/* Behind those of the prototype: what functions here get to know besides. */
	if (arg > call->nargs)
		call->nargs = (u8)arg;
}

static bool is_host_type(const struct host *host, const struct btf *btf)
{
	return host_types_are_own(host) && host->vmlinux && host->vmlinux->btf == btf;
}

/* What is called, with the type of object that it is called for. */
static void fill_kfunc_call(const struct host *host, struct kfunc_call *call,
			    const struct kfunc_row *row, const struct kfunc_use *use)
{
	*call = (struct kfunc_call){.fn = row->fn, .name = row->name, .nargs = use->param_cnt};
	if (!use->obj_btf)
		return;
	call->type.size = (u32)btf_size(use->obj_btf, use->obj_id);
	if (is_host_type(host, use->obj_btf))
		call->type.object_off = btf_object_offset(use->obj_btf, use->obj_id);
	else
		call->type.fields = btf_struct_fields(use->obj_btf, use->obj_id);
	fix_arg(call, KF_META_ARG(row->flags), ptr_to_u64(&call->type));
	fix_arg(call, KF_NODE_OFF_ARG(row->flags), use->node_off);
}

static int make_kfunc_calls(struct load *load)
{
	struct prog *prog = load->prog;
	const struct verify_result *result = load->result;

	if (!result->kfunc_use_cnt)
		return 0;
	prog->kfunc_calls = mem_zalloc_array(load->host->mem, result->kfunc_use_cnt,
					     sizeof(*prog->kfunc_calls));
	if (!prog->kfunc_calls)
		return -ENOMEM;
	prog->kfunc_call_cnt = result->kfunc_use_cnt;
	for (u32 i = 0; i < result->kfunc_use_cnt; i++) {
		const struct kfunc_row *row = kfunc_row_by_id(result->kfunc_uses[i].id);

		prog->throws |= result->kfunc_uses[i].id == KFUNC_bpf_throw;
		if (row && row->fn)
			fill_kfunc_call(load->host, &prog->kfunc_calls[i], row,
					&result->kfunc_uses[i]);
	}
	return 0;
}

static int rewrite_kfunc(struct load *load, u32 at)
{
	struct bpf_insn *insn = &load->prog->insns[at];
	u32 use = load->result->facts[at].kfunc_use;

	/* A call of nothing, which the verifier has let pass because it is never reached. */
	if (!use)
		return -EFAULT;
	if (use == FACT_KFUNC_SEVERAL)
		return not_yet(load, at, "one call for objects of several types is");
	if (!owned_fields_known(load->result->kfunc_uses[use - 1].obj_btf,
				load->prog->kfunc_calls[use - 1].type.fields))
		return not_yet(load, at, "an object that holds one of the kernel's is");
	if (!load->prog->kfunc_calls[use - 1].fn) {
		log_printf(load->log, "insn %u: kernel function %s is not supported yet\n", at,
			   load->result->kfunc_uses[use - 1].name);
		return -EOPNOTSUPP;
	}
	insn->imm = (s32)use - 1;
	insn->off = 0;
	return 0;
}

static int rewrite_call(struct load *load, u32 at)
{
	struct bpf_insn *insn = &load->prog->insns[at];
	const struct insn_fact *fact = &load->result->facts[at];
	const struct helper_proto *proto;

	if (insn->src_reg == BPF_PSEUDO_CALL)
		return 0;
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		return rewrite_kfunc(load, at);
	if (insn->imm == BPF_FUNC_kptr_xchg) {
		insn->src_reg = BPF_PSEUDO_KFUNC_CALL;
		return rewrite_kfunc(load, at);
	}
	if (insn->imm == BPF_FUNC_tail_call) {
		*insn = (struct bpf_insn){.code = BPF_JMP | BPF_TAIL_CALL};
		return 0;
	}
	if (fact->helper >= HELPER_CNT)
		return -EFAULT;
	proto = &helper_protos[fact->helper];
	if (!proto->fn) {
		log_printf(load->log, "insn %u: helper bpf_%s#%u is not supported yet\n", at,
			   proto->name, proto->id);
		return -EOPNOTSUPP;
	}
	insn->imm = (s32)fact->helper;
	return 0;
}

static u8 size_code(u32 size)
{
	switch (size) {
	case 1:
		return BPF_B;
	case 2:
		return BPF_H;
	case 4:
		return BPF_W;
	default:
		return BPF_DW;
	}
}

/*
 * A field of the context, or of a socket, becomes the same field of the host's structure. An
 * access of the whole field takes the host's size, which widens pointers; so
 * does a load of any part that is as large as a smaller host field, which is
 * what Linux does. A smaller part is the same part.
 */
static int rewrite_field(struct bpf_insn *insn, const struct ctx_field *field)
{
	u32 size = isa_access_size(insn), off = (u32)(u16)insn->off;
	u32 index, within;

	if (!field)
		return -EFAULT;
	index = (off - field->off) / field->elem;
	within = (off - field->off) % field->elem;
	insn->off = (s16)(field->host_off + index * field->host_size);
	if (size == field->elem || (field->host_size < field->elem && size >= field->host_size)) {
		/* A smaller host field is never negative: there is no sign to extend. */
		if (size > field->host_size)
			insn->code = (u8)((insn->code & ~0xe0u) | BPF_MEM);
		insn->code = (u8)((insn->code & ~0x18u) | size_code(field->host_size));
		return 0;
	}
	/* A smaller host field has zeros beside it, see object/packet.h. */
	if (field->host_size > field->elem)
		return -EFAULT;
	if (HOST_BIG_ENDIAN)
		insn->off = (s16)(insn->off + field->host_size - field->elem);
	insn->off = (s16)(insn->off + (s16)within);
	return 0;
}

static int rewrite_ctx(struct load *load, u32 at)
{
	struct bpf_insn *insn = &load->prog->insns[at];
	u32 size = isa_access_size(insn), off = (u32)(u16)insn->off;
	const struct prog_rules *rules = load->args->rules;

	/* A replacement's context is that of what it replaces a part of. */
	if (load->prog->type == BPF_PROG_TYPE_EXT)
		rules = load->args->target_rules;
	if (off + size > load->prog->max_ctx_offset)
		load->prog->max_ctx_offset = off + size;
	/* Arguments are what they are. */
	if (rules->ctx_by_btf)
		return 0;
	return rewrite_field(insn, ctx_field_find(rules, off, size));
}

static int rewrite_sock(struct bpf_insn *insn, enum mem_kind mem)
{
	return rewrite_field(insn,
			     sock_field_find(mem, (u32)(u16)insn->off, isa_access_size(insn)));
}

static int rewrite_arena(struct load *load, u32 at)
{
	struct bpf_insn *insn = &load->prog->insns[at];
	bool atomic = BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;

	if (!load->prog->arena)
		return -EFAULT;
	insn->code = (u8)((insn->code & ~0xe0u) | (atomic ? BPF_PROBE_ATOMIC : BPF_PROBE_MEM32));
	return 0;
}

/* A cast between address spaces: to a user's (imm 1 << 16), unless the map wants none, or back. */
static void rewrite_cast(const struct load *load, struct bpf_insn *insn)
{
	bool to_user = insn->imm != 1 && load->prog->arena_user;

	insn->code = to_user ? BPF_ALU64 | BPF_ARENA_USER | BPF_X : BPF_ALU | BPF_MOV | BPF_X;
	insn->off = 0;
	insn->imm = 0;
}

static bool is_cast(const struct bpf_insn *insn)
{
	return insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->off == BPF_ADDR_SPACE_CAST;
}

/* What the arena's addresses are in this process. */
static int find_arena(struct prog *prog)
{
	int err = 0;

	for (u32 i = 0; i < prog->map_cnt && !err; i++)
		if (prog->maps[i]->desc.type == BPF_MAP_TYPE_ARENA)
			err = arena_window(prog->maps[i], &prog->arena, &prog->arena_user);
	return err;
}

static int rewrite_access(struct load *load, u32 at)
{
	struct bpf_insn *insn = &load->prog->insns[at];

	switch (load->result->facts[at].mem) {
	case MEM_CTX:
		return rewrite_ctx(load, at);
	case MEM_SOCK:
	case MEM_TCP_SOCK:
	case MEM_XDP_SOCK:
		return rewrite_sock(&load->prog->insns[at],
				    (enum mem_kind)load->result->facts[at].mem);
	case MEM_BTF:
		/* What the verifier lets programs write to is there. */
		if (BPF_CLASS(insn->code) != BPF_LDX)
			return 0;
		insn->code =
			(u8)((insn->code & ~0xe0u) |
			     (BPF_MODE(insn->code) == BPF_MEMSX ? BPF_PROBE_MEMSX : BPF_PROBE_MEM));
		return 0;
	case MEM_ARENA:
		return rewrite_arena(load, at);
	default:
		return 0;
	}
}

static int rewrite_insn(struct load *load, u32 at)
{
	struct bpf_insn *insn = &load->prog->insns[at];

	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU64:
		if (is_cast(insn))
			rewrite_cast(load, insn);
		return 0;
	case BPF_LD:
		return isa_is_wide(insn) ? rewrite_wide(load, at) : 0;
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return rewrite_access(load, at);
	case BPF_JMP:
		return BPF_OP(insn->code) == BPF_CALL ? rewrite_call(load, at) : 0;
	default:
		return 0;
	}
}

int pass_rewrite(struct load *load)
{
	struct prog *prog = load->prog;
	int ret = make_kfunc_calls(load);

	if (!ret)
		ret = find_arena(prog);
	if (ret)
		return ret;
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		bool wide = isa_is_wide(&prog->insns[i]);
		bool seen = load->result->facts[i].flags & FACT_SEEN;
		int err = seen ? rewrite_insn(load, i) : 0;

		if (err)
			return err;
		if (!seen)
			prog->insns[i] = trap;
		if (wide && !seen)
			prog->insns[i + 1] = trap;
		i += wide;
	}
	return 0;
}
