/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Relocations: what the instructions of each function and the pointers in
 * .maps refer to. The only relocation types are 64_64 of wide loads, 64_32 of
 * calls and ABS64 of pointers in data; what an instruction refers to follows
 * from the section of the symbol.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/parse.h"

#define RELOC_64_64    1
#define RELOC_64_ABS64 2
#define RELOC_64_32    10

struct reloc_parser {
	struct parser *p;
	u32 section;		      /* that is relocated */
	const struct image_reloc *at; /* the one at hand, for messages */
	VEC(struct spec_reloc) out;   /* of the function at hand */
	VEC(struct bpf_core_relo) core;
};

/* One line that names the place. */
static int fail(struct reloc_parser *r, int code, const char *fmt, ...) __printf(3, 4);

static int fail(struct reloc_parser *r, int code, const char *fmt, ...)
{
	va_list args;

	if (!r->p->err)
		return code;
	va_start(args, fmt);
	vsnprintf(r->p->err->text, sizeof(r->p->err->text), fmt, args);
	va_end(args);
	r->p->err->code = code;
	err_prefix(r->p->err, "section \"%s\": relocation %u at offset 0x%llx",
		   r->p->image.sections[r->section].name, r->at->number,
		   (unsigned long long)r->at->offset);
	return code;
}

static const char *symbol_name(const struct image_symbol *sym)
{
	return *sym->name ? sym->name : "(no name)";
}

/* Neither a function nor a map nor data: says what it is instead. */
static int bad_target(struct reloc_parser *r, const struct image_symbol *sym)
{
	if (sym->section == SHN_COMMON)
		return fail(r, -EOPNOTSUPP,
			    "\"%s\" is a common symbol; compile with -fno-common or initialize it",
			    symbol_name(sym));
	if (sym->section == SHN_ABS)
		return fail(r, -EINVAL, "\"%s\" is an absolute symbol, not a map or variable",
			    symbol_name(sym));
	return fail(r, -EINVAL, "\"%s\" is in section \"%s\", which holds neither maps nor data",
		    symbol_name(sym), r->p->image.sections[sym->section].name);
}

/* The function that a call or an address refers to, @off bytes into the symbol's section. */
static int func_target(struct reloc_parser *r, const struct image_symbol *sym, s64 off,
		       struct spec_reloc *out)
{
	s64 func = parser_func_at(r->p, sym->section, (u64)off);

	if (off < 0 || func < 0)
		return fail(r, -EINVAL, "no function starts at offset 0x%llx of section \"%s\"",
			    (unsigned long long)off, r->p->image.sections[sym->section].name);
	out->target = (u32)func;
	out->symbol = r->p->spec->funcs[func].name;
	return 0;
}

static enum section_kind symbol_kind(const struct parser *p, const struct image_symbol *sym)
{
	return sym->section < p->image.section_cnt ? p->sections[sym->section].kind : SECTION_OTHER;
}

/* The offset in the symbol's section that a signed addend leads to; both are within 2^33. */
static int add_offset(struct reloc_parser *r, const struct image_symbol *sym, s64 addend, s64 *off)
{
	if (sym->value > UINT32_MAX)
		return fail(r, -EINVAL, "symbol \"%s\" has the absurd value 0x%llx",
			    symbol_name(sym), (unsigned long long)sym->value);
	*off = (s64)sym->value + addend;
	return 0;
}

static int resolve_call(struct reloc_parser *r, const struct image_symbol *sym,
			const struct bpf_insn *insn, struct spec_reloc *out)
{
	s64 off = 0;
	int ret;

	if (r->at->type != RELOC_64_32 && r->at->type != RELOC_64_64)
		return fail(r, -EINVAL, "type %u is not for a call", r->at->type);
	out->symbol = symbol_name(sym);
	if (sym->section == SHN_UNDEF) {
		out->kind = RELOC_EXTERN_CALL;
		out->weak = sym->bind == STB_WEAK;
		return 0;
	}
	out->kind = RELOC_CALL;
	if (insn->src_reg != BPF_PSEUDO_CALL)
		return fail(r, -EINVAL, "the call of \"%s\" is not one of a function", out->symbol);
	if (symbol_kind(r->p, sym) != SECTION_CODE)
		return fail(r, -EINVAL, "call of \"%s\", which is no function", out->symbol);
	ret = add_offset(r, sym, ((s64)insn->imm + 1) * (s64)sizeof(*insn), &off);
	return ret ? ret : func_target(r, sym, off, out);
}

static int resolve_map(struct reloc_parser *r, const struct image_symbol *sym, s64 off,
		       struct spec_reloc *out)
{
	s64 map = off < 0 ? -1 : parser_map_at(r->p, (u64)off);

	if (map < 0)
		return fail(r, -EINVAL, "\"%s\": no map is at offset 0x%llx of section \".maps\"",
			    symbol_name(sym), (unsigned long long)off);
	out->kind = RELOC_MAP;
	out->target = (u32)map;
	out->symbol = r->p->spec->maps[map].name;
	return 0;
}

static int resolve_data(struct reloc_parser *r, const struct image_symbol *sym, s64 off,
			struct spec_reloc *out)
{
	if (off < 0 || off > UINT32_MAX)
		return fail(r, -EINVAL, "\"%s\": offset %lld is not in section \"%s\"",
			    symbol_name(sym), (long long)off,
			    r->p->image.sections[sym->section].name);
	out->kind = RELOC_MAP_VALUE;
	out->target = r->p->sections[sym->section].data_map;
	out->addend = off;
	return 0;
}

static int resolve_wide_load(struct reloc_parser *r, const struct image_symbol *sym,
			     const struct bpf_insn *insn, struct spec_reloc *out)
{
	s64 off = 0;
	int ret;

	if (r->at->type != RELOC_64_64)
		return fail(r, -EINVAL, "type %u is not for a wide load", r->at->type);
	out->symbol = symbol_name(sym);
	if (sym->section == SHN_UNDEF) {
		out->kind = RELOC_EXTERN;
		out->weak = sym->bind == STB_WEAK;
		return 0;
	}
	ret = add_offset(r, sym, insn->imm, &off);
	if (ret)
		return ret;
	switch (symbol_kind(r->p, sym)) {
	case SECTION_CODE:
		out->kind = RELOC_SUBPROG_ADDR;
		return func_target(r, sym, off, out);
	case SECTION_MAPS:
		return resolve_map(r, sym, off, out);
	case SECTION_DATA:
	case SECTION_RODATA:
	case SECTION_BSS:
		return resolve_data(r, sym, off, out);
	default:
		return bad_target(r, sym);
	}
}

static int resolve(struct reloc_parser *r, const struct spec_func *func, struct spec_reloc *out)
{
	const struct image_symbol *sym = &r->p->image.symbols[r->at->symbol];
	const struct bpf_insn *insn;

	if ((r->at->offset - func->section_off) % sizeof(*insn))
		return fail(r, -EINVAL, "the offset is inside of an instruction");
	out->insn = (u32)((r->at->offset - func->section_off) / sizeof(*insn));
	insn = &func->insns[out->insn];
	if (insn->code == (BPF_JMP | BPF_CALL))
		return resolve_call(r, sym, insn, out);
	if (insn->code != (BPF_LD | BPF_IMM | BPF_DW))
		return fail(
			r, -EINVAL,
			"\"%s\": instruction %u (opcode 0x%x) is neither a call nor a wide load",
			symbol_name(sym), out->insn, insn->code);
	if (out->insn + 1 >= func->insn_cnt)
		return fail(r, -EINVAL, "\"%s\": the wide load is cut by the end of \"%s\"",
			    symbol_name(sym), func->name);
	return resolve_wide_load(r, sym, insn, out);
}

static int push(struct reloc_parser *r, const struct spec_reloc *reloc)
{
	if (vec_push(&r->out, r->p->mem, *reloc))
		return 0;
	return err_set(r->p->err, -ENOMEM, "out of memory");
}

/* The relocations with offsets in @func; @i moves on behind them. */
static int func_relocs(struct reloc_parser *r, const struct spec_func *func,
		       const struct image_reloc *relocs, u32 cnt, u32 *i)
{
	u64 end = func->section_off + (u64)func->insn_cnt * sizeof(struct bpf_insn);

	/* In front of the function: of a weak function that a linker took out. */
	while (*i < cnt && relocs[*i].offset < func->section_off)
		++*i;
	for (; *i < cnt && relocs[*i].offset < end; ++*i) {
		struct spec_reloc out = {0};
		int ret;

		r->at = &relocs[*i];
		ret = resolve(r, func, &out);
		if (!ret && r->out.len && r->out.at[r->out.len - 1].insn == out.insn)
			ret = fail(r, -EINVAL, "instruction %u is relocated twice", out.insn);
		if (!ret)
			ret = push(r, &out);
		if (ret)
			return ret;
	}
	return 0;
}

/* Calls of functions in the same section need no relocation in the file. */
static int local_calls(struct reloc_parser *r, const struct spec_func *func)
{
	size_t known = r->out.len, k = 0;

	for (u32 i = 0; i < func->insn_cnt; i++) {
		const struct bpf_insn *insn = &func->insns[i];
		struct spec_reloc out = {.kind = RELOC_CALL, .insn = i};
		s64 off, target;
		int ret;

		while (k < known && r->out.at[k].insn < i)
			k++;
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
			i++;
			continue;
		}
		if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg != BPF_PSEUDO_CALL ||
		    (k < known && r->out.at[k].insn == i))
			continue;
		off = func->section_off + ((s64)i + insn->imm + 1) * (s64)sizeof(*insn);
		target = off < 0 ? -1 : parser_func_at(r->p, func->section_index, (u64)off);
		if (target < 0)
			return err_set(r->p->err, -EINVAL,
				       "section \"%s\": function \"%s\": instruction %u calls "
				       "offset %lld, where no function starts",
				       func->section, func->name, i, (long long)off);
		out.target = (u32)target;
		out.symbol = r->p->spec->funcs[target].name;
		ret = push(r, &out);
		if (ret)
			return ret;
	}
	return 0;
}

/* "<kind> <type>:<path>" as a person may search for it in the source. */
static const char *core_name(struct parser *p, const struct bpf_core_relo *relo)
{
	static const char *const names[] = {
		"byte_off",	  "byte_sz",	   "field_exists",   "signed",	    "lshift_u64",
		"rshift_u64",	  "local_type_id", "target_type_id", "type_exists", "type_size",
		"enumval_exists", "enumval_value", "type_matches",
	};
	const char *kind = (u32)relo->kind < ARRAY_SIZE(names) ? names[relo->kind] : "unknown";
	struct buf text;
	char *name;

	buf_init(&text, p->mem);
	buf_printf(&text, "<%s> ", kind);
	if (btf_type_by_id(p->spec->btf, relo->type_id))
		btf_type_name(p->spec->btf, relo->type_id, &text);
	else
		buf_printf(&text, "[%u]", relo->type_id);
	buf_printf(&text, " (%s)", btf_str(p->spec->btf, relo->access_str_off));
	name = buf_error(&text) ? NULL : arena_strdup(&p->spec->arena, buf_str(&text));
	buf_free(&text);
	return name;
}

static int core_relocs(struct reloc_parser *r, const struct spec_func *func, u32 *i)
{
	const struct section_state *state = &r->p->sections[func->section_index];
	u64 end = func->section_off + (u64)func->insn_cnt * sizeof(struct bpf_insn);

	for (; *i < state->core_relo_cnt && state->core_relos[*i].insn_off < end; ++*i) {
		struct bpf_core_relo relo = state->core_relos[*i];
		struct spec_reloc out = {.kind = RELOC_CORE, .target = (u32)r->core.len};
		int ret;

		if (relo.insn_off < func->section_off)
			continue;
		relo.insn_off -= func->section_off;
		out.insn = relo.insn_off / (u32)sizeof(struct bpf_insn);
		out.symbol = core_name(r->p, &relo);
		if (!out.symbol || !vec_push(&r->core, r->p->mem, relo))
			return err_set(r->p->err, -ENOMEM, "out of memory");
		ret = push(r, &out);
		if (ret)
			return ret;
	}
	return 0;
}

static int compare_spec_relocs(const void *a, const void *b)
{
	const struct spec_reloc *x = a, *y = b;

	if (x->insn != y->insn)
		return x->insn < y->insn ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

/* All of one code section; @relocs are its relocations, sorted. */
static int section_relocs(struct reloc_parser *r, const struct image_reloc *relocs, u32 cnt)
{
	const struct section_state *state = &r->p->sections[r->section];
	u32 next = 0, next_core = 0;
	int ret;

	for (u32 i = 0; i < state->func_cnt; i++) {
		struct spec_func *func = &r->p->spec->funcs[state->first_func + i];

		r->out.len = 0;
		ret = func_relocs(r, func, relocs, cnt, &next);
		if (!ret)
			ret = local_calls(r, func);
		if (!ret)
			ret = core_relocs(r, func, &next_core);
		if (ret)
			return ret;
		if (r->out.len)
			qsort(r->out.at, r->out.len, sizeof(*r->out.at), compare_spec_relocs);
		func->reloc_cnt = (u32)r->out.len;
		func->relocs =
			arena_dup(&r->p->spec->arena, r->out.at, r->out.len * sizeof(*r->out.at));
		if (!func->relocs)
			return err_set(r->p->err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* ---- initial contents of maps ---- */

/* The map with its `values` array at @off of .maps, and the index there; -1 when there is none. */
static s64 slot_at(const struct parser *p, u64 off, u32 *index)
{
	u32 low = 0, high = p->declared_cnt;
	u64 start;

	/* The last map that begins at or before @off. */
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (p->spec->maps[mid].section_off <= off)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low--)
		return -1;
	start = (u64)p->spec->maps[low].section_off + p->slots[low].off;
	if (off < start || (off - start) % sizeof(u64) ||
	    (off - start) / sizeof(u64) >= p->slots[low].cnt)
		return -1;
	*index = (u32)((off - start) / sizeof(u64));
	return low;
}

static int slot_target(struct reloc_parser *r, const struct image_symbol *sym,
		       const struct spec_map *map, struct spec_slot *slot)
{
	struct parser *p = r->p;
	bool progs = map->type == BPF_MAP_TYPE_PROG_ARRAY;
	s64 target = -1;

	if (progs && symbol_kind(p, sym) == SECTION_CODE)
		target = parser_func_at(p, sym->section, sym->value);
	else if (!progs && symbol_kind(p, sym) == SECTION_MAPS)
		target = parser_map_at(p, sym->value);
	if (target < 0 || (progs && !p->spec->funcs[target].def))
		return fail(r, -EINVAL, "map \"%s\": element %u, \"%s\", is no %s", map->name,
			    slot->index, symbol_name(sym), progs ? "program" : "map");
	slot->target = (u32)target;
	return 0;
}

static int add_slot(struct reloc_parser *r)
{
	struct parser *p = r->p;
	const struct image_symbol *sym = &p->image.symbols[r->at->symbol];
	struct spec_slot slot = {0};
	s64 i = slot_at(p, r->at->offset, &slot.index);
	struct spec_map *map;
	int ret;

	if (r->at->type != RELOC_64_ABS64)
		return fail(r, -EINVAL, "type %u is not for a pointer", r->at->type);
	if (i < 0)
		return fail(r, -EINVAL, "\"%s\": there is no element of a \"values\" array here",
			    symbol_name(sym));
	map = &p->spec->maps[i];
	ret = slot_target(r, sym, map, &slot);
	if (ret)
		return ret;
	if (!map->slots)
		map->slots = parser_alloc(p, p->slots[i].cnt, sizeof(*map->slots));
	if (!map->slots)
		return -ENOMEM;
	if (map->slot_cnt && map->slots[map->slot_cnt - 1].index >= slot.index)
		return fail(r, -EINVAL, "map \"%s\": element %u is relocated twice", map->name,
			    slot.index);
	map->slots[map->slot_cnt++] = slot;
	return 0;
}

static int map_relocs(struct reloc_parser *r, const struct image_reloc *relocs, u32 cnt)
{
	int ret = 0;

	for (u32 i = 0; i < cnt && !ret; i++) {
		r->at = &relocs[i];
		ret = add_slot(r);
	}
	return ret;
}

static int data_relocs(struct reloc_parser *r, const struct image_reloc *relocs, u32 cnt)
{
	if (!cnt)
		return 0;
	r->at = &relocs[0];
	return fail(r, -EOPNOTSUPP, "pointers in data, here to \"%s\", are not supported",
		    symbol_name(&r->p->image.symbols[relocs[0].symbol]));
}

/* ---- all sections ---- */

static int reloc_section(struct reloc_parser *r, u32 index)
{
	const struct image_section *sec = &r->p->image.sections[index];
	struct section_state *state;
	struct image_reloc *relocs;
	u32 cnt;
	int ret;

	if (sec->info >= r->p->image.section_cnt)
		return err_set(r->p->err, -EINVAL,
			       "section %u \"%s\" is for section %u, which is out of range", index,
			       sec->name, sec->info);
	state = &r->p->sections[sec->info];
	if (state->kind == SECTION_OTHER || state->kind >= SECTION_LICENSE)
		return 0;
	if (state->relocated)
		return err_set(r->p->err, -EINVAL, "section \"%s\" has relocations in two sections",
			       r->p->image.sections[sec->info].name);
	state->relocated = true;
	ret = image_relocs(&r->p->image, index, &relocs, &cnt, r->p->err);
	if (ret)
		return ret;
	r->section = sec->info;
	if (state->kind == SECTION_CODE)
		return section_relocs(r, relocs, cnt);
	if (state->kind == SECTION_MAPS)
		return map_relocs(r, relocs, cnt);
	return data_relocs(r, relocs, cnt);
}

static int all_sections(struct reloc_parser *r)
{
	const struct image *image = &r->p->image;
	int ret = 0;

	for (u32 i = 1; i < image->section_cnt && !ret; i++) {
		if (image->sections[i].type == SHT_REL || image->sections[i].type == SHT_RELA)
			ret = reloc_section(r, i);
	}
	for (u32 i = 1; i < image->section_cnt && !ret; i++) {
		/* Without a relocation section there are local calls and CO-RE relocations. */
		r->section = i;
		if (r->p->sections[i].kind == SECTION_CODE && !r->p->sections[i].relocated)
			ret = section_relocs(r, NULL, 0);
	}
	return ret;
}

int parse_relocs(struct parser *p)
{
	struct reloc_parser r = {.p = p};
	int ret = all_sections(&r);

	if (!ret) {
		p->spec->core_relo_cnt = (u32)r.core.len;
		p->spec->core_relos =
			arena_dup(&p->spec->arena, r.core.at, r.core.len * sizeof(*r.core.at));
		if (!p->spec->core_relos)
			ret = err_set(p->err, -ENOMEM, "out of memory");
	}
	vec_free(&r.out, p->mem);
	vec_free(&r.core, p->mem);
	return ret;
}
