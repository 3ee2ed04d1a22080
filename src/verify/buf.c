/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory whose size is known only when the program is attached: keys and
 * values that iterators hand out, and what tracepoints write. Here the
 * program may go as far as it likes; the facts say how far.
 */
#include "verify/btf_ptr.h"

static int check_offset(struct verifier *v, u32 regno, const char *what, s32 off, s64 size)
{
	const struct scalar *s = &cur_reg(v, regno)->s;

	if (off < 0)
		return reject(v, -EACCES, "R%u invalid %s buffer access: off=%d, size=%d", regno,
			      what, off, (s32)size);
	if (!tnum_is_const(s->var_off) || s->var_off.value)
		return reject(v, -EACCES, "R%u invalid variable buffer offset: off=%d, var_off=%s",
			      regno, off, TNUM_STR(s->var_off));
	return 0;
}

static void note_size(u32 *most, s32 off, s64 size)
{
	s64 end = off + size;

	if (end > *most)
		*most = (u32)end;
}

int check_buf(struct verifier *v, u32 regno, s32 off, s64 size)
{
	bool rdonly = cur_reg(v, regno)->type & MEM_RDONLY;
	int err = check_offset(v, regno, rdonly ? "rdonly" : "rdwr", off, size);

	if (!err)
		note_size(rdonly ? &v->result->max_rdonly_access : &v->result->max_rdwr_access, off,
			  size);
	return err;
}

int check_buf_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	const struct reg *reg = cur_reg(v, a->regno);
	int err;

	if (a->kind == ACCESS_WRITE && reg->type & MEM_RDONLY)
		return reject(v, -EACCES, "R%u cannot write into %s", a->regno,
			      TYPE_NAME(reg->type));
	err = check_buf(v, a->regno, off, a->size);
	if (!err && a->kind == ACCESS_READ && a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return err;
}

int check_tp_buffer_access(struct verifier *v, const struct mem_access *a, s32 off)
{
	int err = check_offset(v, a->regno, "tracepoint", off, a->size);

	if (err)
		return err;
	note_size(&v->result->max_tp_access, off, a->size);
	if (a->kind == ACCESS_READ && a->value >= 0)
		set_reg_unknown(v, (u32)a->value);
	return 0;
}
