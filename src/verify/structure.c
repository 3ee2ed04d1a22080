/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shape of a program before any path is followed: where its subprograms
 * begin, that jumps stay inside them, and that function information fits.
 */
#include "verify/throw.h"
#include "verify/kfunc.h"

s32 subprog_at(const struct verifier *v, u32 insn)
{
	u32 i = subprog_of(v, insn);

	return insn < v->insn_cnt && v->subprogs[i].start == insn ? (s32)i : -1;
}

u32 subprog_of(const struct verifier *v, u32 insn)
{
	u32 lo = 0, hi = v->subprog_cnt;

	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (v->subprogs[mid].start <= insn)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static int add_subprogram(struct verifier *v, s64 start)
{
	u32 at;

	if (start < 0 || start >= v->insn_cnt)
		return reject(v, -EINVAL, "call to invalid destination");
	if (v->subprog_cnt && subprog_at(v, (u32)start) >= 0)
		return 0;
	if (v->subprog_cnt >= BPF_MAX_SUBPROGS)
		return reject(v, -E2BIG, "too many subprograms");
	at = v->subprog_cnt;
	while (at && v->subprogs[at - 1].start > start) {
		v->subprogs[at] = v->subprogs[at - 1];
		at--;
	}
	v->subprogs[at] = (struct subprog_info){.start = (u32)start, .func_info = -1, .name = ""};
	v->subprog_cnt++;
	return 0;
}

static int find_subprogram(struct verifier *v, u32 i)
{
	const struct bpf_insn *insn = &v->insns[i];
	bool kfunc = isa_is_call(insn) && insn->src_reg == BPF_PSEUDO_KFUNC_CALL;

	if (!isa_is_local_call(insn) && !isa_is_func_ref(insn) && !kfunc)
		return 0;
	if (!v->bpf_capable)
		return reject(v, -EPERM,
			      "loading/calling other bpf or kernel functions are allowed for "
			      "CAP_BPF and CAP_SYS_ADMIN");
	if (kfunc)
		return add_kfunc(v, i);
	return add_subprogram(v, (s64)i + insn->imm + 1);
}

/* Nothing calls it, so it begins a subprogram by being named alone. */
static int add_exception_callback(struct verifier *v)
{
	u32 start;
	int err = find_exception_callback(v, &start);

	if (err || !start)
		return err;
	err = add_subprogram(v, start);
	if (err)
		return err;
	v->exception_callback = (u32)subprog_at(v, start);
	/* It runs on a stack of its own, after all others are gone. */
	v->subprogs[v->exception_callback].is_callback = true;
	v->subprogs[v->exception_callback].is_async_callback = true;
	return 0;
}

int find_subprograms(struct verifier *v)
{
	int err;

	v->subprogs = arena_zalloc_array(&v->arena, BPF_MAX_SUBPROGS, sizeof(*v->subprogs));
	if (!v->subprogs)
		return -ENOMEM;
	err = add_subprogram(v, 0);
	for (u32 i = 0; !err && i < v->insn_cnt; i++) {
		v->insn = i;
		err = find_subprogram(v, i);
	}
	if (!err)
		err = add_exception_callback(v);
	for (u32 i = 0; !err && v->log_level & LOG_LEVEL2 && i < v->subprog_cnt; i++)
		note(v, "func#%u @%u\n", i, v->subprogs[i].start);
	return err;
}

static void note_special(struct subprog_info *sub, const struct bpf_insn *insn)
{
	u8 mode = BPF_MODE(insn->code);

	if (isa_is_helper_call(insn) && insn->imm == BPF_FUNC_tail_call)
		sub->has_tail_call = true;
	if (BPF_CLASS(insn->code) == BPF_LD && (mode == BPF_ABS || mode == BPF_IND))
		sub->has_ld_abs = true;
}

int check_jumps(struct verifier *v)
{
	for (u32 s = 0; s < v->subprog_cnt; s++) {
		struct subprog_info *sub = &v->subprogs[s];
		u32 end = subprog_end(v, s);
		struct isa_error err;
		int ret;

		for (u32 i = sub->start; i < end; i++)
			note_special(sub, &v->insns[i]);
		ret = isa_check_subprog(v->insns, sub->start, end, &err);
		if (ret)
			return reject_isa(v, ret, &err);
	}
	return 0;
}

/* Without types, leaving a subprogram by a tail call could skip what its caller relies on. */
static int check_untyped(struct verifier *v)
{
	for (u32 i = 1; i < v->subprog_cnt; i++) {
		if (v->subprogs[i].has_ld_abs)
			return reject_program(v, -EINVAL,
					      "LD_ABS is not allowed in subprogs without BTF");
		if (v->subprogs[i].has_tail_call)
			return reject_program(v, -EINVAL,
					      "tail_call is not allowed in subprogs without BTF");
	}
	return 0;
}

static bool returns_int(const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_type *ret = btf_skip_mods(btf, proto->type, NULL);

	if (!ret)
		return false;
	switch (btf_kind(ret)) {
	case BTF_KIND_INT:
		return ret->size <= 8;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return true;
	default:
		return false;
	}
}

static int check_func_info(struct verifier *v, u32 i)
{
	const struct btf *btf = v->in->btf;
	struct subprog_info *sub = &v->subprogs[i];
	const struct bpf_func_info *info = &v->in->func_info[i];
	const struct btf_type *func, *proto;

	if (info->insn_off != sub->start)
		return reject_program(
			v, -EINVAL,
			"func_info BTF section doesn't match subprog layout in BPF program");
	/* check_func_records() has seen that it is a function; of those BTF's parser knows more. */
	func = btf_type_by_id(btf, info->type_id);
	proto = btf_type_by_id(btf, func->type);
	sub->func_info = (s32)i;
	sub->name = btf_name(btf, func);
	sub->is_global = btf_vlen(func) == BTF_FUNC_GLOBAL;
	if (i && !returns_int(btf, proto)) {
		if (sub->has_ld_abs)
			return reject_program(
				v, -EINVAL,
				"LD_ABS is only allowed in functions that return 'int'.");
		if (sub->has_tail_call)
			return reject_program(
				v, -EINVAL,
				"tail_call is only allowed in functions that return 'int'.");
	}
	return 0;
}

/* What the checks of BTF's own room wrote, as a rejection of ours. */
static int reject_text(struct verifier *v, int err, const struct log *text)
{
	const char *s = buf_str(&text->text);

	if (err == -ENOMEM || buf_error(&text->text))
		return -ENOMEM;
	return reject_program(v, err, "%.*s", (int)strcspn(s, "\n"), s);
}

/* Records that are wrong in themselves; whether they fit the program comes later. */
int check_func_records(struct verifier *v)
{
	const struct verify_input *in = v->in;
	struct log text;
	int err;

	if (!in->btf)
		return 0;
	log_init(&text, v->mem, LOG_LEVEL1);
	err = btf_check_func_info(in->btf, in->func_info, in->func_info_cnt, &text);
	if (err)
		err = reject_text(v, err, &text);
	log_free(&text);
	return err;
}

int check_lines(struct verifier *v)
{
	const struct verify_input *in = v->in;
	u32 starts[BPF_MAX_SUBPROGS];
	struct log text;
	int err;

	if (!in->btf)
		return 0;
	for (u32 i = 0; i < v->subprog_cnt; i++)
		starts[i] = v->subprogs[i].start;
	log_init(&text, v->mem, LOG_LEVEL1);
	err = btf_check_line_info(in->btf, in->line_info, in->line_info_cnt, v->insns, v->insn_cnt,
				  starts, v->subprog_cnt, &text);
	if (err)
		err = reject_text(v, err, &text);
	log_free(&text);
	return err;
}

int check_func_infos(struct verifier *v)
{
	if (!v->in->func_info_cnt || !v->in->btf)
		return check_untyped(v);
	if (v->in->func_info_cnt != v->subprog_cnt)
		return reject_program(
			v, -EINVAL,
			"number of funcs in func_info doesn't match number of subprogs");
	for (u32 i = 0; i < v->subprog_cnt; i++) {
		int err = check_func_info(v, i);

		if (err)
			return err;
	}
	return 0;
}
