/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that replace or trace a function of another program: which pairs
 * may be, and that a replacement looks like what it replaces.
 */
#include "verify/attach.h"

/* ---- which function of which program ---- */

static s32 target_subprog(const struct verify_target *target, u32 btf_id)
{
	for (u32 i = 0; i < target->func_info_cnt; i++)
		if (target->func_info[i].type_id == btf_id)
			/* What was found dead is no longer there. */
			return target->subprogs && target->subprogs[i].dead ? -1 : (s32)i;
	return -1;
}

static int check_extension(struct verifier *v, const struct verify_subprog *sub, bool unreliable)
{
	if (unreliable)
		return reject_program(v, -EINVAL, "Cannot replace static functions");
	if (v->in->interpreter)
		return reject_program(v, -EINVAL, "Extension programs should be JITed");
	if (v->subprogs[0].changes_packet && !(sub && sub->changes_packet))
		return reject_program(v, -EINVAL,
				      "Extension program changes packet data, while original does "
				      "not");
	return 0;
}

/* No chains of programs that run one another without end. */
static int check_nesting(struct verifier *v, const struct verify_target *target)
{
	if (v->in->type == BPF_PROG_TYPE_TRACING) {
		if (target->traced)
			return reject_program(v, -EINVAL,
					      "Cannot nest tracing program attach more than once");
		return 0;
	}
	if (target->type == v->in->type)
		return reject_program(v, -EINVAL, "Cannot recursively attach");
	if (target->type == BPF_PROG_TYPE_TRACING &&
	    (target->attach_type == BPF_TRACE_FENTRY || target->attach_type == BPF_TRACE_FEXIT))
		return reject_program(v, -EINVAL, "Cannot extend fentry/fexit");
	return 0;
}

int check_target_prog(struct verifier *v, const struct btf_type *func, bool *unreliable)
{
	const struct verify_target *target = v->in->target;
	s32 i = target_subprog(target, v->in->attach_btf_id);
	const struct verify_subprog *sub;
	int err = 0;

	if (i < 0)
		return reject_program(v, -EINVAL, "Subprog %s doesn't exist",
				      btf_name(v->in->attach_btf, func));
	sub = target->subprogs ? &target->subprogs[i] : NULL;
	if (sub && sub->is_exception_callback)
		return reject_program(v, -EINVAL, "%s programs cannot attach to exception callback",
				      v->in->type == BPF_PROG_TYPE_EXT ? "Extension"
								       : "FENTRY/FEXIT");
	*unreliable = sub && sub->unreliable;
	if (v->in->type == BPF_PROG_TYPE_EXT)
		err = check_extension(v, sub, *unreliable);
	if (err)
		return err;
	if (!target->jited)
		return reject_program(v, -EINVAL, "Can attach to only JITed progs");
	return check_nesting(v, target);
}

/* ---- the same signature ---- */

struct side {
	const struct btf *btf;
	u32 func; /* its type */
	const struct btf_type *proto;
	const char *name;
};

static const struct btf_type *param_type(const struct side *s, u32 i)
{
	const struct btf_param *params = btf_tail(s->proto);

	return btf_skip_mods(s->btf, params[i].type, NULL);
}

static bool has_size(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_DATASEC:
	case BTF_KIND_FLOAT:
		return true;
	default:
		return false;
	}
}

/* Whether all that @a's tags say of parameter @i is said of it by @b, too. */
static bool has_tags_of(u32 i, const struct side *a, const struct side *b)
{
	const char *tag, *other;
	u32 at = 0, bt = 0;

	while ((tag = btf_next_decl_tag(a->btf, a->func, (s32)i, "arg:", &at))) {
		for (bt = 0; (other = btf_next_decl_tag(b->btf, b->func, (s32)i, "arg:", &bt));)
			if (!strcmp(tag, other))
				break;
		if (!other)
			return false;
	}
	return true;
}

static bool is_context(const struct verifier *v, const char *name)
{
	const struct prog_rules *rules = v->in->target->rules;

	return rules && rules->ctx_name && !strcmp(rules->ctx_name, name);
}

static int check_pointers(struct verifier *v, u32 i, const struct side *a, const struct side *b)
{
	const struct btf_type *at = btf_skip_mods(a->btf, param_type(a, i)->type, NULL);
	const struct btf_type *bt = btf_skip_mods(b->btf, param_type(b, i)->type, NULL);
	const char *a_name, *b_name;

	if (!btf_is_struct(at) || !btf_is_struct(bt))
		return reject_program(v, -EINVAL, "arg%u in %s() is not a pointer to context", i,
				      btf_is_struct(at) ? b->name : a->name);
	a_name = btf_name(a->btf, at);
	b_name = btf_name(b->btf, bt);
	if (strcmp(a_name, b_name))
		return reject_program(v, -EINVAL,
				      "arg%u %s(struct %s *) doesn't match %s(struct %s *)", i,
				      a->name, a_name, b->name, b_name);
	/* Linux looks at names alone, and so lets an extension believe in more than callers give.
	 */
	if (at->size != bt->size && !is_context(v, a_name))
		return reject_program(v, -EINVAL, "arg%u in %s() has size %u while %s() has %u", i,
				      a->name, at->size, b->name, bt->size);
	if (!has_tags_of(i, a, b) || !has_tags_of(i, b, a))
		return reject_program(v, -EINVAL, "arg%u in %s() has other tags than in %s()", i,
				      a->name, b->name);
	return 0;
}

static int check_param(struct verifier *v, u32 i, const struct side *a, const struct side *b)
{
	const struct btf_type *at = param_type(a, i), *bt = param_type(b, i);

	if (at->info != bt->info)
		return reject_program(v, -EINVAL, "arg%u in %s() is %s while %s() has %s", i,
				      a->name, btf_kind_name(at), b->name, btf_kind_name(bt));
	if (has_size(at) && at->size != bt->size)
		return reject_program(v, -EINVAL, "arg%u in %s() has size %u while %s() has %u", i,
				      a->name, at->size, b->name, bt->size);
	switch (btf_kind(at)) {
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return 0;
	case BTF_KIND_PTR:
		return check_pointers(v, i, a, b);
	default:
		return reject_program(v, -EINVAL, "arg%u in %s() has unrecognized type", i,
				      a->name);
	}
}

static int check_sides(struct verifier *v, const struct side *a, const struct side *b)
{
	const struct btf_type *at = btf_skip_mods(a->btf, a->proto->type, NULL);
	const struct btf_type *bt = btf_skip_mods(b->btf, b->proto->type, NULL);
	int err = 0;

	if (btf_vlen(a->proto) != btf_vlen(b->proto))
		return reject_program(v, -EINVAL, "%s() has %u args while %s() has %u args",
				      a->name, btf_vlen(a->proto), b->name, btf_vlen(b->proto));
	if (at->info != bt->info)
		return reject_program(v, -EINVAL,
				      "Return type %s of %s() doesn't match type %s of %s()",
				      btf_kind_name(at), a->name, btf_kind_name(bt), b->name);
	for (u32 i = 0; i < btf_vlen(a->proto) && !err; i++)
		err = check_param(v, i, a, b);
	return err;
}

int check_same_signature(struct verifier *v, const struct btf_type *func)
{
	const struct btf *btf = v->in->btf;
	const struct btf_type *own;
	struct side a, b;

	if (!v->in->func_info_cnt || !btf)
		return reject_program(v, -EINVAL, "Program extension requires BTF");
	own = btf_type_by_id(btf, v->in->func_info[0].type_id);
	a = (struct side){btf, v->in->func_info[0].type_id, btf_type_by_id(btf, own->type),
			  btf_name(btf, own)};
	btf = v->in->attach_btf;
	b = (struct side){btf, v->in->attach_btf_id, btf_type_by_id(btf, func->type),
			  btf_name(btf, func)};
	if (btf_vlen(own) != BTF_FUNC_GLOBAL)
		return reject_program(v, -EINVAL, "%s() is not a global function", a.name);
	if (btf_vlen(func) != BTF_FUNC_GLOBAL)
		return reject_program(v, -EINVAL, "%s() is not a global function", b.name);
	/* Linux says no more than that it does not fit, whatever was wrong. */
	return check_sides(v, &a, &b);
}
