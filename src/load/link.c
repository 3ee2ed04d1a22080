/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linking: a program's own instructions, then each function that it reaches,
 * once, in the order in which a walk meets them: what libbpf makes of it too.
 * Calls, addresses, maps and data are resolved on the way, and func_info,
 * line_info and CO-RE records move with their instructions.
 */
#include <errno.h>
#include <string.h>

#include "load/object.h"

/* All programs of an object together: what a hostile object may cost. */
#define OBJECT_INSNS_MAX (16ull * BPF_COMPLEXITY_LIMIT_INSNS)

/* A function on the way from the program to the one at hand. */
struct frame {
	u32 func, next_reloc;
};

struct linker {
	struct anybpf_program *prog;
	struct anybpf_object *obj;
	const struct mem *mem;
	s64 *start; /* of each function of the spec in the program, -1 when not there */
	VEC(struct frame) stack;
	VEC(struct bpf_insn) insns;
	VEC(struct bpf_func_info) func_info;
	VEC(struct bpf_line_info) line_info;
	VEC(struct bpf_core_relo) core_relos;
	VEC(const char *) missing;
	bool no_func_info, no_line_info; /* a function has none */
};

static int no_memory(struct linker *l)
{
	return object_fail(l->obj, -ENOMEM, "out of memory");
}

static int append_info(struct linker *l, const struct spec_func *func, u32 start)
{
	if (!vec_reserve(&l->func_info, l->mem, func->func_info_cnt) ||
	    !vec_reserve(&l->line_info, l->mem, func->line_info_cnt))
		return no_memory(l);
	for (u32 i = 0; i < func->func_info_cnt; i++) {
		struct bpf_func_info info = func->func_info[i];

		info.insn_off += start;
		l->func_info.at[l->func_info.len++] = info;
	}
	for (u32 i = 0; i < func->line_info_cnt; i++) {
		struct bpf_line_info info = func->line_info[i];

		info.insn_off += start;
		l->line_info.at[l->line_info.len++] = info;
	}
	l->no_func_info |= !func->func_info_cnt;
	l->no_line_info |= !func->line_info_cnt;
	return 0;
}

/* Puts a function at the end and on the stack, for its relocations. */
static int append_func(struct linker *l, u32 index)
{
	const struct spec_func *func = &l->obj->spec->funcs[index];
	u32 start = (u32)l->insns.len;

	if (start + (u64)func->insn_cnt > BPF_COMPLEXITY_LIMIT_INSNS)
		return object_fail(
			l->obj, -E2BIG,
			"program \"%s\" with its functions has more than %u instructions",
			l->prog->spec->name, BPF_COMPLEXITY_LIMIT_INSNS);
	if (!vec_reserve(&l->insns, l->mem, func->insn_cnt) ||
	    !vec_push(&l->stack, l->mem, (struct frame){.func = index}))
		return no_memory(l);
	memcpy(l->insns.at + start, func->insns, func->insn_cnt * sizeof(*func->insns));
	l->insns.len += func->insn_cnt;
	l->start[index] = start;
	return append_info(l, func, start);
}

static int unsupported(struct linker *l, const struct spec_func *func,
		       const struct spec_reloc *reloc, const char *what)
{
	return object_fail(l->obj, -EOPNOTSUPP,
			   "program \"%s\": instruction %u of function \"%s\": %s \"%s\" is not "
			   "supported yet",
			   l->prog->spec->name, reloc->insn, func->name, what, reloc->symbol);
}

static int apply_extern(struct linker *l, const struct spec_func *func,
			const struct spec_reloc *reloc, struct bpf_insn *insn)
{
	bool call = reloc->kind == RELOC_EXTERN_CALL;
	struct anybpf *ctx = l->obj->ctx;
	s32 id = vmlinux_find(ctx, call ? BTF_KIND_FUNC : BTF_KIND_VAR, "", reloc->symbol);
	u64 addr;

	if (id > 0 && !call) {
		insn[0].src_reg = BPF_PSEUDO_BTF_ID;
		insn[0].imm = id;
		insn[1].imm = 0;
		return 0;
	}
	if (id > 0) {
		insn->src_reg = BPF_PSEUDO_KFUNC_CALL;
		insn->off = 0;
		insn->imm = id;
		return 0;
	}
	/* What has no type is a number. */
	addr = call || !engine_user_host(ctx->engine)
		       ? 0
		       : kernel_symbol(engine_user_host(ctx->engine), reloc->symbol);
	if (addr) {
		insn[0].imm = (s32)(u32)addr;
		insn[1].imm = (s32)(u32)(addr >> 32);
		return 0;
	}
	/* What is weak may be missing, and here everything of its kind is. */
	if (!reloc->weak)
		return unsupported(l, func, reloc, call ? "kernel function" : "extern variable");
	insn->src_reg = 0;
	if (call) {
		insn->dst_reg = 0;
		insn->off = 0;
		insn->imm = MISSING_KFUNC + (s32)l->missing.len;
		return vec_push(&l->missing, l->mem, reloc->symbol) ? 0 : no_memory(l);
	}
	insn[0].imm = 0;
	insn[1].imm = 0;
	return 0;
}

/* The kernel applies CO-RE relocations itself; the local type's id is in place already. */
static int apply_core(struct linker *l, const struct spec_func *func,
		      const struct spec_reloc *reloc)
{
	struct bpf_core_relo relo = l->obj->spec->core_relos[reloc->target];

	if (relo.kind == BPF_CORE_TYPE_ID_LOCAL)
		return 0;
	if (engine_user_host(l->obj->ctx->engine))
		return unsupported(l, func, reloc, "CO-RE relocation");
	relo.insn_off += (u32)l->start[func - l->obj->spec->funcs] * (u32)sizeof(struct bpf_insn);
	return vec_push(&l->core_relos, l->mem, relo) ? 0 : no_memory(l);
}

static void apply_map(struct linker *l, const struct spec_reloc *reloc, struct bpf_insn *insn)
{
	bool value = reloc->kind == RELOC_MAP_VALUE;

	insn[0].src_reg = value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD;
	insn[0].imm = l->obj->maps[reloc->target].fd;
	insn[1].imm = value ? (s32)reloc->addend : 0;
}

static void apply_func(struct linker *l, const struct spec_reloc *reloc, u32 at)
{
	struct bpf_insn *insn = &l->insns.at[at];

	insn->imm = (s32)(l->start[reloc->target] - (s64)at - 1);
	if (reloc->kind == RELOC_CALL)
		return;
	insn[0].src_reg = BPF_PSEUDO_FUNC;
	insn[1].imm = 0;
}

static int apply(struct linker *l, const struct spec_func *func, const struct spec_reloc *reloc)
{
	u32 at = (u32)l->start[func - l->obj->spec->funcs] + reloc->insn;

	switch (reloc->kind) {
	case RELOC_MAP:
	case RELOC_MAP_VALUE:
		apply_map(l, reloc, &l->insns.at[at]);
		return 0;
	case RELOC_CALL:
	case RELOC_SUBPROG_ADDR:
		apply_func(l, reloc, at);
		return 0;
	case RELOC_EXTERN:
	case RELOC_EXTERN_CALL:
		return apply_extern(l, func, reloc, &l->insns.at[at]);
	case RELOC_CORE:
		return apply_core(l, func, reloc);
	}
	return -EINVAL;
}

/* One relocation of the function on top of the stack; a new function is entered first. */
static int step(struct linker *l)
{
	struct frame *top = &l->stack.at[l->stack.len - 1];
	const struct spec_func *func = &l->obj->spec->funcs[top->func];
	const struct spec_reloc *reloc;

	if (top->next_reloc == func->reloc_cnt) {
		l->stack.len--;
		return 0;
	}
	reloc = &func->relocs[top->next_reloc++];
	if ((reloc->kind == RELOC_CALL || reloc->kind == RELOC_SUBPROG_ADDR) &&
	    l->start[reloc->target] < 0) {
		int ret = append_func(l, reloc->target);

		if (ret)
			return ret;
	}
	return apply(l, func, reloc);
}

/* The function of that name in the object; func_cnt when there is none. */
static u32 find_func(const struct spec *spec, const char *name)
{
	u32 i = 0;

	while (i < spec->func_cnt && strcmp(spec->funcs[i].name, name))
		i++;
	return i;
}

/* What takes a program's exceptions is named by its declaration alone; the verifier checks it. */
static int link_exception_callback(struct linker *l)
{
	const struct spec *spec = l->obj->spec;
	const struct spec_func *main = l->prog->spec;
	const char *name;
	u32 tag = 0, index;

	if (!spec->btf || !main->func_info_cnt)
		return 0;
	name = btf_next_decl_tag(spec->btf, main->func_info[0].type_id, -1,
				 "exception_callback:", &tag);
	index = name ? find_func(spec, name) : spec->func_cnt;
	return index < spec->func_cnt && l->start[index] < 0 ? append_func(l, index) : 0;
}

static int link_all(struct linker *l)
{
	const struct spec *spec = l->obj->spec;
	int ret;

	l->start = mem_zalloc_array(l->mem, spec->func_cnt, sizeof(*l->start));
	if (!l->start)
		return no_memory(l);
	for (u32 i = 0; i < spec->func_cnt; i++)
		l->start[i] = -1;
	ret = append_func(l, (u32)(l->prog->spec - spec->funcs));
	while (!ret && l->stack.len)
		ret = step(l);
	if (!ret)
		ret = link_exception_callback(l);
	while (!ret && l->stack.len)
		ret = step(l);
	l->obj->linked_insns += l->insns.len;
	if (!ret && l->obj->linked_insns > OBJECT_INSNS_MAX)
		ret = object_fail(l->obj, -E2BIG,
				  "the programs together have more than %llu instructions",
				  OBJECT_INSNS_MAX);
	return ret;
}

/* Hands a vector's contents to the object's arena. */
#define KEEP(l, vec) arena_dup(&(l)->obj->arena, (vec)->at, (vec)->len * sizeof(*(vec)->at))

static int keep(struct linker *l)
{
	struct anybpf_program *prog = l->prog;

	/* The kernel takes information of all functions or of none. */
	if (l->no_func_info)
		l->func_info.len = l->line_info.len = 0;
	if (l->no_line_info)
		l->line_info.len = 0;
	prog->func_info = KEEP(l, &l->func_info);
	prog->line_info = KEEP(l, &l->line_info);
	prog->core_relos = KEEP(l, &l->core_relos);
	prog->missing_kfuncs = KEEP(l, &l->missing);
	prog->insns = KEEP(l, &l->insns);
	if (!prog->func_info || !prog->line_info || !prog->core_relos || !prog->missing_kfuncs ||
	    !prog->insns) {
		prog->insns = NULL;
		return no_memory(l);
	}
	prog->func_info_cnt = (u32)l->func_info.len;
	prog->line_info_cnt = (u32)l->line_info.len;
	prog->core_relo_cnt = (u32)l->core_relos.len;
	prog->missing_kfunc_cnt = (u32)l->missing.len;
	prog->insn_cnt = (u32)l->insns.len;
	return 0;
}

int program_link(struct anybpf_program *prog)
{
	struct linker l = {.prog = prog, .obj = prog->object, .mem = prog->object->ctx->mem};
	int ret = link_all(&l);

	if (!ret)
		ret = keep(&l);
	mem_free(l.mem, l.start);
	vec_free(&l.stack, l.mem);
	vec_free(&l.insns, l.mem);
	vec_free(&l.func_info, l.mem);
	vec_free(&l.line_info, l.mem);
	vec_free(&l.core_relos, l.mem);
	vec_free(&l.missing, l.mem);
	return ret;
}
