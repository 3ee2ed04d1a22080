/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions: each function symbol of a code section with its instructions.
 * They are sorted by section and offset and do not overlap.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "elf/parse.h"

static bool is_func(const struct parser *p, const struct image_symbol *sym)
{
	return sym->type == STT_FUNC && sym->section < p->image.section_cnt &&
	       p->sections[sym->section].kind == SECTION_CODE;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct image_symbol *x = *(const struct image_symbol *const *)a;
	const struct image_symbol *y = *(const struct image_symbol *const *)b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x > y) - (x < y);
}

/* The functions' symbols, sorted. */
static int collect_symbols(struct parser *p, const struct image_symbol ***out, u32 *cnt)
{
	const struct image_symbol **syms =
		parser_alloc(p, (u64)p->image.symbol_cnt + 1, sizeof(*syms));
	u32 n = 0;

	if (!syms)
		return -ENOMEM;
	for (u32 i = 0; i < p->image.symbol_cnt; i++) {
		if (is_func(p, &p->image.symbols[i]))
			syms[n++] = &p->image.symbols[i];
	}
	qsort(syms, n, sizeof(*syms), compare_symbols);
	*out = syms;
	*cnt = n;
	return 0;
}

static int check_symbol(struct parser *p, const struct image_symbol *sym,
			const struct image_symbol *prev)
{
	const struct image_section *sec = &p->image.sections[sym->section];
	unsigned long long off = sym->value, size = sym->size;

	if (!*sym->name)
		return err_set(p->err, -EINVAL,
			       "section \"%s\": the function at offset 0x%llx has no name",
			       sec->name, off);
	if (off % sizeof(struct bpf_insn) || size % sizeof(struct bpf_insn))
		return err_set(p->err, -EINVAL,
			       "section \"%s\": function \"%s\", %llu bytes at offset 0x%llx, is "
			       "not made of whole instructions",
			       sec->name, sym->name, size, off);
	if (!size)
		return err_set(p->err, -EINVAL, "section \"%s\": function \"%s\" is empty",
			       sec->name, sym->name);
	if (off > sec->size || size > sec->size - off)
		return err_set(p->err, -EINVAL,
			       "section \"%s\": function \"%s\", %llu bytes at offset 0x%llx, "
			       "reaches beyond the section's %llu bytes",
			       sec->name, sym->name, size, off, (unsigned long long)sec->size);
	if (prev && prev->section == sym->section && prev->value + prev->size > sym->value)
		return err_set(
			p->err, -EINVAL,
			"section \"%s\": functions \"%s\" and \"%s\" overlap at offset 0x%llx",
			sec->name, prev->name, sym->name, off);
	return 0;
}

/* The file's bytes as instructions of the host: another byte order has the registers swapped too.
 */
static void decode_insns(const struct image *image, struct bpf_insn *insns, const u8 *data, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++, data += sizeof(*insns)) {
		u32 regs = data[1];

		if (image->big_endian)
			regs = (regs << 4 | regs >> 4);
		insns[i].code = data[0];
		insns[i].dst_reg = regs & 0xfu;
		insns[i].src_reg = (regs >> 4) & 0xfu;
		insns[i].off = (s16)image_u16(image, data + 2);
		insns[i].imm = (s32)image_u32(image, data + 4);
	}
}

static void set_section_def(struct spec_func *func)
{
	const char *name = func->section;

	func->autoload = true;
	if (!func->is_global || !strcmp(name, ".text"))
		return;
	if (*name == '?') {
		func->autoload = false;
		name++;
	}
	func->def = section_find(name, &func->attach_target);
}

static int read_func(struct parser *p, const struct image_symbol *sym, struct spec_func *func)
{
	const struct image_section *sec = &p->image.sections[sym->section];

	func->name = sym->name;
	func->section = sec->name;
	func->section_index = sym->section;
	func->section_off = (u32)sym->value;
	func->is_global = sym->bind != STB_LOCAL;
	func->is_weak = sym->bind == STB_WEAK;
	func->is_hidden = sym->visibility == STV_HIDDEN || sym->visibility == STV_INTERNAL;
	set_section_def(func);
	func->insn_cnt = (u32)(sym->size / sizeof(struct bpf_insn));
	func->insns = parser_alloc(p, func->insn_cnt, sizeof(*func->insns));
	if (!func->insns)
		return -ENOMEM;
	decode_insns(&p->image, func->insns, sec->data + sym->value, func->insn_cnt);
	return 0;
}

int parse_funcs(struct parser *p)
{
	const struct image_symbol **syms;
	struct spec *spec = p->spec;
	u32 cnt;
	int ret = collect_symbols(p, &syms, &cnt);

	if (ret)
		return ret;
	spec->funcs = parser_alloc(p, cnt, sizeof(*spec->funcs));
	if (!spec->funcs)
		return -ENOMEM;
	for (u32 i = 0; i < cnt; i++) {
		struct section_state *state = &p->sections[syms[i]->section];

		ret = check_symbol(p, syms[i], i ? syms[i - 1] : NULL);
		if (!ret)
			ret = read_func(p, syms[i], &spec->funcs[i]);
		if (ret)
			return ret;
		if (!state->func_cnt++)
			state->first_func = i;
	}
	spec->func_cnt = cnt;
	return 0;
}

s64 parser_func_containing(const struct parser *p, u32 section, u64 off)
{
	const struct section_state *state = &p->sections[section];
	u32 low = state->first_func, high = low + state->func_cnt;

	/* The last that starts at or before @off. */
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (p->spec->funcs[mid].section_off <= off)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == state->first_func)
		return -1;
	low--;
	if (off - p->spec->funcs[low].section_off >=
	    (u64)p->spec->funcs[low].insn_cnt * sizeof(struct bpf_insn))
		return -1;
	return low;
}

s64 parser_func_at(const struct parser *p, u32 section, u64 off)
{
	s64 func = parser_func_containing(p, section, off);

	return func >= 0 && p->spec->funcs[func].section_off == off ? func : -1;
}
