/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads and stores through pointers to kernel objects: what is there by BTF,
 * and how far a pointer that is loaded can be trusted.
 */
#include "verify/btf_ptr.h"

/* ---- registers ---- */

void reg_set_btf(struct verifier *v, struct reg *reg, const struct btf *btf, u32 id, u32 flags)
{
	reg_set_pointer(reg, PTR_TO_BTF_ID | flags);
	reg->btf = btf;
	reg->btf_id = id;
	if (flags & PTR_MAYBE_NULL)
		reg->id = ++v->id_gen;
}

#define TRUSTED_FLAGS (MEM_ALLOC | PTR_TRUSTED | NON_OWN_REF)

bool reg_is_trusted(const struct reg *reg)
{
	u32 flags = reg->type & ~REG_KIND_MASK;

	if (reg->ref_id)
		return true;
	if (flags & ~TRUSTED_FLAGS)
		return false;
	switch (reg_kind(reg)) {
	case PTR_TO_SOCKET:
	case PTR_TO_SOCK_COMMON:
	case PTR_TO_TCP_SOCK:
	case CONST_PTR_TO_MAP:
		return true;
	default:
		return flags;
	}
}

bool in_rcu_section(const struct verifier *v)
{
	return v->cur->rcu_locked || v->cur->lock_origin ||
	       !(v->info.sleepable || v->cur->in_sleepable);
}

bool btf_is_kernel(const struct verifier *v, const struct btf *btf)
{
	return btf != v->in->btf;
}

/* ---- trust of what is loaded ---- */

enum trust {
	TRUST_NONE,
	TRUST_RCU,
	TRUST_RCU_NULL,
	TRUST_FULL,
	TRUST_FULL_NULL,
};

static const struct {
	enum trust how;
	const char *type, *field, *to;
} trusts[] = {
#define TRUST(how, type, field, to) {TRUST_##how, #type, #field, #to},
#include "verify/btf_trust.def"
#undef TRUST
};

static enum trust trust_of(const struct reg *reg, const struct btf_walk *w)
{
	const char *type = btf_id_name(reg->btf, reg->btf_id);
	const char *to = btf_id_name(reg->btf, w->id);

	for (u32 i = 0; i < ARRAY_SIZE(trusts); i++)
		if (!strcmp(trusts[i].type, type) && !strcmp(trusts[i].field, w->field) &&
		    !strcmp(trusts[i].to, to))
			return trusts[i].how;
	return TRUST_NONE;
}

static u32 without_trust(u32 flags)
{
	return flags & ~(TRUSTED_FLAGS | MEM_RCU);
}

/* In an RCU section, from an object that is there. */
static u32 rcu_flags(u32 flags, enum trust trust)
{
	if (trust == TRUST_RCU)
		return flags | MEM_RCU;
	if (trust == TRUST_RCU_NULL)
		return (flags | MEM_RCU | PTR_MAYBE_NULL) & ~PTR_UNTRUSTED;
	if (flags & MEM_RCU)
		return flags | PTR_MAYBE_NULL;
	if (flags & (MEM_PERCPU | MEM_USER))
		return flags;
	/* Nothing is known: what programs of old could do with any pointer. */
	return without_trust(flags);
}

/* The flags of a pointer that was loaded through @reg. */
static u32 loaded_flags(const struct verifier *v, const struct reg *reg, const struct btf_walk *w)
{
	enum trust trust;

	if (reg->type & PTR_UNTRUSTED)
		return PTR_UNTRUSTED;
	if (!reg_is_trusted(reg) && !reg_is_rcu(reg))
		return without_trust(w->flags);
	trust = trust_of(reg, w);
	if (trust == TRUST_FULL)
		return w->flags | PTR_TRUSTED;
	if (trust == TRUST_FULL_NULL)
		return w->flags | PTR_TRUSTED | PTR_MAYBE_NULL;
	if (in_rcu_section(v))
		return rcu_flags(w->flags, trust);
	return PTR_UNTRUSTED;
}

/* ---- fields that may be written ---- */

enum writer {
	WRITE_NONE,
	WRITE_NF_CONN,
	WRITE_TCP_CA,
	WRITE_SCHED_EXT,
	WRITE_HID,
	WRITE_DUMMY_OPS,
};

enum write_place { WRITE_START, WRITE_INSIDE, WRITE_TEXT };

static const struct {
	enum writer who;
	const char *object, *type, *field;
	enum write_place place;
} writes[] = {
#define WRITE(who, object, type, field, place) {WRITE_##who, #object, #type, #field, WRITE_##place},
#include "verify/btf_write.def"
#undef WRITE
};

static enum writer struct_ops_writer(const char *ops)
{
	static const struct {
		const char *ops;
		enum writer who;
	} writers[] = {
		{"tcp_congestion_ops", WRITE_TCP_CA},
		{"sched_ext_ops", WRITE_SCHED_EXT},
		{"hid_bpf_ops", WRITE_HID},
		{"bpf_dummy_ops", WRITE_DUMMY_OPS},
	};

	for (u32 i = 0; i < ARRAY_SIZE(writers); i++)
		if (!strcmp(writers[i].ops, ops))
			return writers[i].who;
	return WRITE_NONE;
}

static enum writer writer_of(const struct verifier *v)
{
	switch (v->info.type) {
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		return WRITE_NF_CONN;
	case BPF_PROG_TYPE_STRUCT_OPS:
		return v->attach.ops ? struct_ops_writer(v->attach.ops) : WRITE_NONE;
	default:
		return WRITE_NONE;
	}
}

static int reject_read_only(struct verifier *v)
{
	return reject(v, -EACCES, "only read is supported");
}

/* The name without what says that the object is not ready yet. */
static bool is_object(const char *name, const char *object)
{
	size_t len = strlen(object);

	return !strncmp(name, object, len) && (!name[len] || !strcmp(name + len, "___init"));
}

static int reject_field(struct verifier *v, enum writer who, const char *object, u32 off, u32 size)
{
	if (who != WRITE_HID)
		return object ? reject(v, -EACCES, "no write support to %s at off %u", object, off)
			      : reject_read_only(v);
	if (!object)
		return reject(v, -EACCES, "write access to this struct is not supported");
	return reject(v, -EACCES, "write access at off %u with size %u on read-only part of %s",
		      off, size, object);
}

/* Whether a write may begin at @off of a field; of a text the end stays. */
static bool begins_in(const struct btf *btf, u32 row, u32 off, u32 *end)
{
	u32 start;

	if (btf_member_range(btf, writes[row].type, writes[row].field, &start, end))
		return false;
	if (writes[row].place == WRITE_TEXT)
		*end -= 1;
	return writes[row].place == WRITE_START ? off == start : off >= start && off < *end;
}

static int check_field_write(struct verifier *v, const struct reg *reg, enum writer who, u32 off,
			     u32 size)
{
	const char *name = btf_id_name(reg->btf, reg->btf_id), *object = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(writes); i++) {
		u32 end;

		if (writes[i].who != who || !is_object(name, writes[i].object))
			continue;
		object = writes[i].object;
		if (!begins_in(reg->btf, i, off, &end))
			continue;
		if (off + size <= end)
			return 0;
		if (who == WRITE_HID)
			break;
		return reject(v, -EACCES,
			      "write access at off %u with size %u beyond the member of %s ended "
			      "at %u",
			      off, size, object, end);
	}
	return reject_field(v, who, object, off, size);
}

static int check_write(struct verifier *v, const struct reg *reg, u32 off, u32 size)
{
	enum writer who = writer_of(v);
	const struct btf_type *t = btf_type_by_id(reg->btf, reg->btf_id);

	switch (who) {
	case WRITE_NONE:
		return reject_read_only(v);
	case WRITE_DUMMY_OPS:
		if (strcmp(btf_name(reg->btf, t), "bpf_dummy_ops_state"))
			return reject(v, -EACCES,
				      "only access to bpf_dummy_ops_state is supported");
		if (off + size > t->size)
			return reject(v, -EACCES, "write access at off %u with size %u", off, size);
		return 0;
	default:
		return check_field_write(v, reg, who, off, size);
	}
}

/* ---- objects of the program ---- */

int check_alloc_fields(struct verifier *v, const struct reg *reg, s32 off, u32 size)
{
	const struct btf_fields *fields = btf_struct_fields(reg->btf, reg->btf_id);

	for (u32 i = 0; fields && i < fields->cnt; i++) {
		const struct btf_field *field = &fields->at[i];

		if (off < (s64)field->offset + field->size && field->offset < (s64)off + size)
			return reject(v, -EACCES, "direct access to %s is disallowed",
				      btf_field_name(field->kind));
	}
	return 0;
}

static bool is_owned_object(u32 type)
{
	return (type & ~(NON_OWN_REF | MEM_RCU)) == (PTR_TO_BTF_ID | MEM_ALLOC);
}

static int check_object_write(struct verifier *v, const struct reg *reg, u32 off, u32 size)
{
	if (!(reg->type & MEM_ALLOC))
		return check_write(v, reg, off, size);
	return is_owned_object(reg->type) ? 0 : reject_read_only(v);
}

/* ---- the access ---- */

static int check_address(struct verifier *v, const struct reg *reg, u32 regno, s32 off)
{
	const char *name = btf_id_name(reg->btf, reg->btf_id);

	if (!v->ptr_leaks)
		return reject(v, -EPERM,
			      "'struct %s' access is allowed only to CAP_PERFMON and "
			      "CAP_SYS_ADMIN",
			      name);
	if (!v->in->gpl_compatible && btf_is_kernel(v, reg->btf))
		return reject(v, -EINVAL,
			      "Cannot access kernel 'struct %s' from non-GPL compatible program",
			      name);
	if (off < 0)
		return reject(v, -EACCES, "R%u is ptr_%s invalid negative access: off=%d", regno,
			      name, off);
	if (!tnum_is_const(reg->s.var_off) || reg->s.var_off.value)
		return reject(v, -EACCES,
			      "R%u is ptr_%s invalid variable offset: off=%d, var_off=%s", regno,
			      name, off, TNUM_STR(reg->s.var_off));
	if (reg->type & MEM_USER)
		return reject(v, -EACCES, "R%u is ptr_%s access user memory: off=%d", regno, name,
			      off);
	if (reg->type & MEM_PERCPU)
		return reject(v, -EACCES, "R%u is ptr_%s access percpu memory: off=%d", regno, name,
			      off);
	return 0;
}

/* What is at [off, off + size): enum btf_part or a rejection. */
static int find_part(struct verifier *v, const struct reg *reg, s32 off, u32 size,
		     struct btf_walk *w)
{
	bool alloc = reg->type & MEM_ALLOC;
	int part;

	if (alloc) {
		int err = check_alloc_fields(v, reg, off, size);

		if (err)
			return err;
	}
	*w = (struct btf_walk){.btf = reg->btf, .flexible = !alloc};
	part = btf_walk(w, reg->btf_id, off, size);
	if (part < 0)
		return reject(v, part, "%s", w->text);
	/* What programs store in their objects are numbers. */
	return alloc ? BTF_PART_SCALAR : part;
}

int check_btf_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg reg = *cur_reg(v, a->regno);
	struct btf_walk w;
	int part, err = check_address(v, &reg, a->regno, off);

	if (err)
		return err;
	if (btf_is_kernel(v, reg.btf))
		v->result->reads_kernel = true;
	if (a->kind == ACCESS_WRITE) {
		if (reg.type & PTR_UNTRUSTED)
			return reject_read_only(v);
		err = check_object_write(v, &reg, (u32)off, a->size);
		/* What may be written elsewhere has been looked up. */
		if (err || !(reg.type & MEM_ALLOC))
			return err;
	}
	part = find_part(v, &reg, off, a->size, &w);
	if (part < 0 || a->kind != ACCESS_READ || a->value < 0)
		return part < 0 ? part : 0;
	if (part == BTF_PART_PTR)
		reg_set_btf(v, cur_reg(v, (u32)a->value), reg.btf, w.id, loaded_flags(v, &reg, &w));
	else
		set_reg_unknown(v, (u32)a->value);
	return 0;
}
