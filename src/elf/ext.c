/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .BTF.ext by function: the file has records by section, programs are loaded
 * by function.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/parse.h"

enum record_kind { FUNC_INFO, LINE_INFO, CORE_RELO };

static const struct {
	const char *name;
	size_t size;
} kinds[] = {
	[FUNC_INFO] = {"func_info", sizeof(struct bpf_func_info)},
	[LINE_INFO] = {"line_info", sizeof(struct bpf_line_info)},
	[CORE_RELO] = {"CO-RE relocations", sizeof(struct bpf_core_relo)},
};

/* func_info, line_info and core_relo records all begin with insn_off. */
static u32 insn_off_of(const void *record)
{
	u32 off;

	memcpy(&off, record, sizeof(off));
	return off;
}

static int compare_records(const void *a, const void *b)
{
	u32 x = insn_off_of(a), y = insn_off_of(b);

	return (x > y) - (x < y);
}

/*
 * The code section that the records are of, 0 when there is none: what is said
 * of code that is not there is of no use, but no error either.
 */
static int code_section(struct parser *p, const struct btf_ext_sec *sec, enum record_kind kind,
			u32 *index)
{
	const char *name = btf_str(p->spec->btf, sec->sec_name_off);
	u32 i = p->image.section_cnt;

	while (--i > 0) {
		if (p->sections[i].kind == SECTION_CODE && !strcmp(p->image.sections[i].name, name))
			break;
	}
	if (i && p->sections[i].ext_seen & BIT(kind))
		return err_set(p->err, -EINVAL,
			       "section \".BTF.ext\": section \"%s\" has its %s twice", name,
			       kinds[kind].name);
	p->sections[i].ext_seen = (u8)(p->sections[i].ext_seen | BIT(kind));
	*index = i;
	return 0;
}

/* The records of a section as an array of @size each, sorted; what the file has more is cut. */
static int copy_records(struct parser *p, const struct btf_ext_sec *sec, enum record_kind kind,
			u8 **out)
{
	size_t size = kinds[kind].size;
	const char *name = btf_str(p->spec->btf, sec->sec_name_off);
	u8 *records = parser_alloc(p, sec->num_info, size);

	if (!records)
		return -ENOMEM;
	for (u32 i = 0; i < sec->num_info; i++) {
		const u8 *from = (const u8 *)sec->recs + (size_t)i * sec->rec_size;

		memcpy(records + i * size, from, size);
		if (insn_off_of(from) % sizeof(struct bpf_insn))
			return err_set(
				p->err, -EINVAL,
				"section \".BTF.ext\": %s of section \"%s\": record %u is at "
				"offset 0x%x, which is no instruction",
				kinds[kind].name, name, i, insn_off_of(from));
	}
	qsort(records, sec->num_info, size, compare_records);
	*out = records;
	return 0;
}

/* How many of the sorted records are below @off. */
static u32 records_below(const u8 *records, u32 cnt, size_t size, u64 off)
{
	u32 low = 0, high = cnt;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (insn_off_of(records + mid * size) < off)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void make_relative(void *records, u32 cnt, size_t size, u32 section_off)
{
	u8 *at = records;

	for (u32 i = 0; i < cnt; i++, at += size) {
		u32 off = (insn_off_of(at) - section_off) / (u32)sizeof(struct bpf_insn);

		memcpy(at, &off, sizeof(off));
	}
}

static int split_section(struct parser *p, const struct btf_ext_sec *sec, enum record_kind kind)
{
	const struct section_state *state;
	size_t size = kinds[kind].size;
	u32 index, left = sec->num_info;
	u8 *records;
	int ret = code_section(p, sec, kind, &index);

	if (ret || !index)
		return ret;
	ret = copy_records(p, sec, kind, &records);
	if (ret)
		return ret;
	state = &p->sections[index];
	/* From the back: the records left are those with the section's offsets still. */
	for (u32 i = state->func_cnt; i-- > 0;) {
		struct spec_func *func = &p->spec->funcs[state->first_func + i];
		u64 end = func->section_off + (u64)func->insn_cnt * sizeof(struct bpf_insn);
		u32 last = records_below(records, left, size, end), cnt;
		void *at;

		left = records_below(records, last, size, func->section_off);
		at = records + left * size;
		cnt = last - left;
		make_relative(at, cnt, size, func->section_off);
		if (kind == FUNC_INFO) {
			func->func_info = at;
			func->func_info_cnt = cnt;
		} else {
			func->line_info = at;
			func->line_info_cnt = cnt;
		}
	}
	return 0;
}

static int keep_core_relos(struct parser *p, const struct btf_ext_sec *sec)
{
	u8 *records;
	u32 index;
	int ret = code_section(p, sec, CORE_RELO, &index);

	if (ret || !index)
		return ret;
	ret = copy_records(p, sec, CORE_RELO, &records);
	if (ret)
		return ret;
	p->sections[index].core_relos = (struct bpf_core_relo *)(void *)records;
	p->sections[index].core_relo_cnt = sec->num_info;
	return 0;
}

static int split_all(struct parser *p, struct btf_ext *ext)
{
	int ret;

	vec_each (&ext->func_info, sec) {
		ret = split_section(p, sec, FUNC_INFO);
		if (ret)
			return ret;
	}
	vec_each (&ext->line_info, sec) {
		ret = split_section(p, sec, LINE_INFO);
		if (ret)
			return ret;
	}
	vec_each (&ext->core_relo, sec) {
		ret = keep_core_relos(p, sec);
		if (ret)
			return ret;
	}
	return 0;
}

int parse_ext(struct parser *p)
{
	struct btf_ext *ext;
	void *copy;
	int ret;

	if (!p->btf_ext)
		return 0;
	if (!p->spec->btf)
		return err_set(p->err, -EINVAL, "section \".BTF.ext\" without section \".BTF\"");
	/* Aligned, which sections of a file may not be. */
	copy = arena_dup(&p->spec->arena, p->btf_ext->data, (size_t)p->btf_ext->size);
	if (!copy)
		return err_set(p->err, -ENOMEM, "out of memory");
	p->spec->btf_ext_raw = copy;
	p->spec->btf_ext_size = (u32)p->btf_ext->size;
	ret = btf_ext_parse(p->mem, copy, (size_t)p->btf_ext->size, p->spec->btf, &ext, p->err);
	if (ret)
		return err_prefix(p->err, "section \".BTF.ext\""), ret;
	ret = split_all(p, ext);
	btf_ext_free(ext);
	return ret;
}
