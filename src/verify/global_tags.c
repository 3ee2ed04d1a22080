/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an argument of a global function is: by the tags on its declaration
 * (arg:ctx, arg:nonnull, ...), else by its type.
 */
#include "verify/btf_ptr.h"
#include "verify/global.h"

enum arg_tag {
	TAG_CTX = BIT(0),
	TAG_NONNULL = BIT(1),
	TAG_TRUSTED = BIT(2),
	TAG_NULLABLE = BIT(3),
	TAG_ARENA = BIT(4),
};

static const struct {
	const char *name;
	enum arg_tag tag;
} tag_names[] = {
	{"ctx", TAG_CTX},	    {"nonnull", TAG_NONNULL}, {"trusted", TAG_TRUSTED},
	{"nullable", TAG_NULLABLE}, {"arena", TAG_ARENA},
};

static u32 find_tag(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(tag_names); i++)
		if (!strcmp(tag_names[i].name, name))
			return tag_names[i].tag;
	return 0;
}

static int collect_tags(struct verifier *v, u32 subprog, u32 arg, u32 *tags)
{
	u32 func = v->in->func_info[v->subprogs[subprog].func_info].type_id, id = 0;
	const char *name;

	*tags = 0;
	while ((name = btf_next_decl_tag(v->in->btf, func, (s32)arg, "arg:", &id))) {
		u32 tag = find_tag(name);

		if (!v->subprogs[subprog].is_global)
			return reject(v, -EOPNOTSUPP,
				      "arg#%u type tag is not supported in static functions", arg);
		if (!tag)
			return reject(v, -EOPNOTSUPP, "arg#%u has unsupported set of tags", arg);
		*tags |= tag;
	}
	return 0;
}

/* ---- the context ---- */

static bool is_struct(const struct btf_type *t, const char *name, const struct btf *btf)
{
	return btf_kind(t) == BTF_KIND_STRUCT && !strcmp(btf_name(btf, t), name);
}

static bool is_u64(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_INT && t->size == 8;
}

/* The structure behind bpf_user_pt_regs_t, which depends on the architecture. */
static const char *user_regs_name(struct verifier *v)
{
	const struct btf *btf = kernel_btf(v);
	s32 id = btf ? btf_find(btf, BTF_KIND_TYPEDEF, "bpf_user_pt_regs_t") : -ENOENT;
	const struct btf_type *t = id > 0 ? btf_skip_mods(btf, (u32)id, NULL) : NULL;

	return t && *btf_name(btf, t) ? btf_name(btf, t) : "pt_regs";
}

/* Through qualifiers alone: the name of a typedef matters for these programs. */
static bool is_user_regs_typedef(const struct verifier *v, u32 id)
{
	const struct btf_type *t = btf_skip_quals(v->in->btf, id, NULL);

	return t && btf_kind(t) == BTF_KIND_TYPEDEF &&
	       !strcmp(btf_name(v->in->btf, t), "bpf_user_pt_regs_t");
}

/* The structure's name, "" where programs of this type have none. */
static const char *ctx_struct_name(struct verifier *v)
{
	switch (v->info.type) {
	case BPF_PROG_TYPE_KPROBE:
		return user_regs_name(v);
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_LIRC_MODE2:
		return "";
	default:
		return v->rules->ctx_name ? v->rules->ctx_name : "";
	}
}

static bool is_projection(const char *seen, const char *real)
{
	return (!strcmp(seen, "__sk_buff") && !strcmp(real, "sk_buff")) ||
	       (!strcmp(seen, "xdp_md") && !strcmp(real, "xdp_buff"));
}

/* A pointer to what programs of the type declare as their context, by its name alone. */
bool is_ctx_pointer(struct verifier *v, const struct btf_type *ptr)
{
	const struct btf *btf = v->in->btf;
	const struct btf_type *to = btf_skip_mods(btf, ptr->type, NULL);
	const char *name = ctx_struct_name(v);

	if (v->info.type == BPF_PROG_TYPE_KPROBE && is_user_regs_typedef(v, ptr->type))
		return true;
	if (!to || !btf_is_struct(to) || !*name)
		return false;
	return !strcmp(name, btf_name(btf, to)) || is_projection(name, btf_name(btf, to)) ||
	       (v->rules->ctx_name && !strcmp(v->rules->ctx_name, btf_name(btf, to)));
}

/* Other types of context that go with the tag, where one program type has several. */
static bool fits_ctx_tag(struct verifier *v, const struct btf_type *to)
{
	const struct btf *btf = v->in->btf;

	switch (v->info.type) {
	case BPF_PROG_TYPE_KPROBE:
		return is_struct(to, "pt_regs", btf);
	case BPF_PROG_TYPE_PERF_EVENT:
		return is_struct(to, user_regs_name(v), btf);
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_STRUCT_OPS:
		return is_u64(to);
	case BPF_PROG_TYPE_TRACING:
		switch (v->in->attach_type) {
		case BPF_TRACE_RAW_TP:
			return is_u64(to) || is_struct(to, "bpf_raw_tracepoint_args", btf);
		case BPF_TRACE_ITER:
			return btf_kind(to) == BTF_KIND_STRUCT &&
			       !strncmp(btf_name(btf, to), "bpf_iter__", 10);
		case BPF_TRACE_FENTRY:
		case BPF_TRACE_FEXIT:
		case BPF_MODIFY_RETURN:
			return is_u64(to);
		default:
			return false;
		}
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_SYSCALL:
	case BPF_PROG_TYPE_EXT:
		return true;
	default:
		return false;
	}
}

static int check_ctx_tag(struct verifier *v, u32 i, const struct btf_type *ptr)
{
	const struct btf *btf = v->in->btf;
	const struct btf_type *to = btf_skip_mods(btf, ptr->type, NULL);
	const char *name = ctx_struct_name(v);

	if ((v->info.type == BPF_PROG_TYPE_KPROBE || v->info.type == BPF_PROG_TYPE_PERF_EVENT) &&
	    is_user_regs_typedef(v, ptr->type))
		return 0;
	if (!to)
		return -EINVAL;
	if (btf_kind(to) == BTF_KIND_UNKN)
		return 0; /* void */
	if (!*btf_name(btf, to))
		return reject(v, -EINVAL, "arg#%u type doesn't have a name", i);
	if (fits_ctx_tag(v, to))
		return 0;
	if (!*name)
		return reject(v, -EINVAL, "arg#%u should be void pointer", i);
	if (!is_struct(to, name, btf))
		return reject(v, -EINVAL, "arg#%u should be `struct %s *`", i, name);
	return 0;
}

/* ---- pointers ---- */

static bool is_dynptr_pointer(const struct verifier *v, const struct btf_type *ptr)
{
	const struct btf *btf = v->in->btf;
	const struct btf_type *to = btf_skip_mods(btf, ptr->type, NULL);

	if (!to || (!btf_is_struct(to) && (btf_kind(to) != BTF_KIND_FWD || btf_kflag(to))))
		return false;
	return !strcmp(btf_name(btf, to), "bpf_dynptr");
}

static int reject_tags(struct verifier *v, u32 i)
{
	return reject(v, -EINVAL, "arg#%u has invalid combination of tags", i);
}

/* Names may end in "___" and anything: flavours of one type. */
static size_t essential_len(const char *name)
{
	const char *end = strstr(name, "___");

	return end && end != name ? (size_t)(end - name) : strlen(name);
}

/* The kernel's type of that name and kind, of which there must be one. */
static int find_kernel_type(struct verifier *v, u32 i, const struct btf_type *ptr, u32 *id)
{
	const struct btf *btf = v->in->btf, *kernel = kernel_btf(v);
	const struct btf_type *to = btf_skip_mods(btf, ptr->type, NULL);
	const char *name = to ? btf_name(btf, to) : "";
	size_t len = essential_len(name);
	u32 found = 0;

	for (u32 k = 1; to && *name && kernel && k < btf_type_cnt(kernel); k++) {
		const struct btf_type *t = btf_type_by_id(kernel, k);
		const char *other = btf_name(kernel, t);

		if (btf_kind(t) != btf_kind(to) || strncmp(name, other, len) ||
		    essential_len(other) != len)
			continue;
		*id = k;
		found++;
	}
	if (found == 1)
		return 0;
	return reject(v, found ? -ESRCH : -ENOENT, "arg#%u reference type('%s %s') %s", i,
		      to ? btf_kind_name(to) : "UNKNOWN", name,
		      found ? "is ambiguous" : "has no matches");
}

static int set_trusted(struct verifier *v, u32 i, const struct btf_type *ptr, u32 tags,
		       struct global_arg *arg)
{
	if (tags & TAG_NONNULL)
		return reject_tags(v, i);
	arg->kind = ARG_PTR_TO_BTF_ID | PTR_TRUSTED;
	if (tags & TAG_NULLABLE)
		arg->kind |= PTR_MAYBE_NULL;
	return find_kernel_type(v, i, ptr, &arg->btf_id);
}

/* Memory of the type's size, which the function may read and write. */
static int set_memory(struct verifier *v, u32 i, const struct btf_type *ptr, u32 tags,
		      struct global_arg *arg)
{
	const struct btf *btf = v->in->btf;
	const struct btf_type *to;
	s64 size;
	u32 id;

	if (tags & TAG_NULLABLE)
		return reject_tags(v, i);
	to = btf_skip_mods(btf, ptr->type, &id);
	size = to ? btf_size(btf, id) : -EINVAL;
	if (size < 0 || size > UINT32_MAX)
		return reject(v, -EINVAL,
			      "arg#%u reference type('%s %s') size cannot be determined: %d", i,
			      to ? btf_kind_name(to) : "UNKNOWN", to ? btf_name(btf, to) : "",
			      -EINVAL);
	arg->kind = ARG_PTR_TO_MEM | (tags & TAG_NONNULL ? 0 : PTR_MAYBE_NULL);
	arg->mem_size = (u32)size;
	return 0;
}

static int set_pointer(struct verifier *v, u32 subprog, u32 i, const struct btf_type *ptr, u32 tags,
		       struct global_arg *arg)
{
	if (tags & TAG_CTX || is_ctx_pointer(v, ptr)) {
		if (tags & ~(u32)TAG_CTX)
			return reject_tags(v, i);
		arg->kind = ARG_PTR_TO_CTX;
		return tags ? check_ctx_tag(v, i, ptr) : 0;
	}
	if (is_dynptr_pointer(v, ptr)) {
		arg->kind = ARG_PTR_TO_DYNPTR | MEM_RDONLY;
		return tags ? reject_tags(v, i) : 0;
	}
	if (tags & TAG_TRUSTED)
		return set_trusted(v, i, ptr, tags, arg);
	if (tags & TAG_ARENA) {
		arg->kind = ARG_PTR_TO_ARENA;
		if (tags & ~(u32)TAG_ARENA)
			return reject(v, -EINVAL,
				      "arg#%u arena cannot be combined with any other tags", i);
		return 0;
	}
	if (!v->subprogs[subprog].is_global)
		return -EINVAL;
	return set_memory(v, i, ptr, tags, arg);
}

bool is_scalar_type(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_INT || btf_kind(t) == BTF_KIND_ENUM ||
	       btf_kind(t) == BTF_KIND_ENUM64;
}

int set_arg_kind(struct verifier *v, u32 subprog, u32 i, u32 type, struct global_arg *arg)
{
	const struct btf_type *t = btf_skip_mods(v->in->btf, type, NULL);
	u32 tags;
	int err = collect_tags(v, subprog, i, &tags);

	if (err)
		return err;
	if (t && btf_kind(t) == BTF_KIND_PTR)
		return set_pointer(v, subprog, i, t, tags, arg);
	if (tags)
		return reject(v, -EINVAL, "arg#%u has pointer tag, but is not a pointer type", i);
	if (t && is_scalar_type(t)) {
		arg->kind = ARG_ANYTHING;
		return 0;
	}
	return reject(v, -EINVAL, "Arg#%u type %s in %s() is not supported yet.", i,
		      t ? btf_kind_name(t) : "UNKNOWN", v->subprogs[subprog].name);
}
