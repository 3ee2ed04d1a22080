/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anybpf verify --facts: what the verifier proved at each instruction of an
 * accepted program, beside the disassembly and the lines of C.
 */
#include <inttypes.h>
#include <string.h>

#include "helper/helper.h"
#include "isa/disasm.h"
#include "verify.h"

static const char *const mem_names[] = {
	[MEM_STACK] = "stack",	       [MEM_CTX] = "context",	      [MEM_MAP_VALUE] = "map value",
	[MEM_PACKET] = "packet",       [MEM_HELPER] = "memory",	      [MEM_SOCK] = "socket",
	[MEM_TCP_SOCK] = "TCP socket", [MEM_XDP_SOCK] = "XDP socket", [MEM_BTF] = "kernel",
	[MEM_OBJECT] = "object",       [MEM_ARENA] = "arena",	      [MEM_MIXED] = "different",
};

/* The map that a fact's index stands for: maps are numbered as the program names them first. */
static const char *map_name(const struct anybpf_program *p, u16 index)
{
	const struct anybpf_object *object = p->object;
	s32 seen[64];
	u32 cnt = 0;

	for (u32 i = 0; i < p->insn_cnt && cnt < ARRAY_SIZE(seen); i += isa_slots(&p->insns[i])) {
		bool known = false;

		if (!isa_is_map_ref(&p->insns[i]))
			continue;
		for (u32 k = 0; k < cnt; k++)
			known |= seen[k] == p->insns[i].imm;
		if (!known)
			seen[cnt++] = p->insns[i].imm;
	}
	for (u32 i = 0; index < cnt && i < object->map_cnt; i++)
		if (object->maps[i].fd == seen[index])
			return object->maps[i].spec->name;
	return NULL;
}

static bool has_result(const struct bpf_insn *insn)
{
	const struct isa_row *row = isa_row(insn);

	return row && (row->kind == ISA_KIND_ALU || row->kind == ISA_KIND_MOV ||
		       row->kind == ISA_KIND_NEG || row->kind == ISA_KIND_END ||
		       row->kind == ISA_KIND_LOAD);
}

static bool is_condition(const struct bpf_insn *insn)
{
	const struct isa_row *row = isa_row(insn);

	return row && row->kind == ISA_KIND_IF;
}

static const char *branch_words(const struct insn_fact *fact)
{
	bool taken = fact->flags & FACT_TAKEN, not_taken = fact->flags & FACT_NOT_TAKEN;

	return taken && !not_taken ? "always taken" : not_taken && !taken ? "never taken" : NULL;
}

static bool has_range(const struct bpf_insn *insn, const struct insn_fact *fact)
{
	return has_result(insn) && (fact->umin || fact->umax != UINT64_MAX);
}

/* ---- text ---- */

static void separate(struct buf *out, size_t start)
{
	if (out->len > start)
		buf_puts(out, ", ");
}

static void fact_text(const struct anybpf_program *p, u32 at, const struct insn_fact *fact,
		      struct buf *out)
{
	const struct bpf_insn *insn = &p->insns[at];
	const char *map = fact->map == FACT_NO_MAP ? NULL : map_name(p, fact->map);
	size_t start = out->len;

	if (!(fact->flags & FACT_SEEN)) {
		buf_puts(out, "never reached");
		return;
	}
	if (fact->mem && fact->mem < ARRAY_SIZE(mem_names))
		buf_printf(out, "%s", mem_names[fact->mem]);
	if (map) {
		separate(out, start);
		buf_printf(out, "map %s", map);
	}
	if (is_condition(insn) && branch_words(fact)) {
		separate(out, start);
		buf_puts(out, branch_words(fact));
	}
	if (!has_range(insn, fact))
		return;
	separate(out, start);
	if (fact->flags & FACT_CONST)
		buf_printf(out, "is %" PRIu64, fact->umin);
	else
		buf_printf(out, "%" PRIu64 " to %" PRIu64, fact->umin, fact->umax);
}

/* What the disassembler's callbacks look at. */
struct naming {
	const struct anybpf_program *program;
	char helper[64];
};

static const char *name_of_helper(void *ctx, u32 id)
{
	struct naming *naming = ctx;
	const char *name = helper_name(id);

	if (!name)
		return NULL;
	snprintf(naming->helper, sizeof(naming->helper), "bpf_%s", name);
	return naming->helper;
}

static bool name_of_wide(void *ctx, struct buf *out, const struct bpf_insn *insn)
{
	const struct naming *naming = ctx;
	const struct anybpf_program *p = naming->program;

	for (u32 i = 0; isa_is_map_ref(insn) && i < p->object->map_cnt; i++) {
		if (p->object->maps[i].fd != insn->imm)
			continue;
		buf_printf(out, "map[%s]", p->object->maps[i].spec->name);
		if (insn[1].imm)
			buf_printf(out, "+%d", insn[1].imm);
		return true;
	}
	return false;
}

static u32 insn_text(const struct anybpf_program *p, u32 at, struct buf *out)
{
	struct naming naming = {.program = p};
	struct disasm_options opts = {
		.ctx = &naming,
		.helper_name = name_of_helper,
		.wide_name = name_of_wide,
	};

	return isa_disasm(out, &p->insns[at], p->insn_cnt - at, &opts);
}

static void source_text(const struct verdict *v, u32 at, u32 *last, struct buf *out)
{
	const struct bpf_line_info *info = explain_line(&v->input, at);
	const char *line;

	if (!info || info->insn_off != at || info->line_off == *last)
		return;
	*last = info->line_off;
	line = btf_str(v->input.btf, info->line_off);
	buf_printf(out, "; %s @ %s:%u\n", line + strspn(line, " \t"),
		   short_path(btf_str(v->input.btf, info->file_name_off)),
		   BPF_LINE_INFO_LINE_NUM(info->line_col));
}

void facts_text(const struct verdict *v, struct buf *out)
{
	const struct anybpf_program *p = v->program;
	u32 last = UINT32_MAX;

	for (u32 i = 0; i < p->insn_cnt;) {
		size_t start, width;
		u32 at = i;

		source_text(v, at, &last, out);
		start = out->len;
		buf_printf(out, "%5u: ", at);
		i += insn_text(p, at, out);
		width = out->len - start;
		start = out->len;
		buf_printf(out, "%*s; ", width < 44 ? (int)(44 - width) : 1, "");
		width = out->len;
		fact_text(p, at, &v->result->facts[at], out);
		if (out->len == width && out->data && !out->failed) {
			out->len = start; /* nothing is known: no mark either */
			out->data[start] = 0;
		}
		buf_putc(out, '\n');
	}
}

/* ---- JSON ---- */

static void fact_json(const struct verdict *v, u32 at, const char *text, struct json *json)
{
	const struct insn_fact *fact = &v->result->facts[at];
	const struct bpf_insn *insn = &v->program->insns[at];
	const struct bpf_line_info *info = explain_line(&v->input, at);
	const char *map = fact->map == FACT_NO_MAP ? NULL : map_name(v->program, fact->map);

	json_open(json, NULL, '{');
	json_u64(json, "insn", at);
	json_string(json, "instruction", text);
	if (info) {
		json_string(json, "file", short_path(btf_str(v->input.btf, info->file_name_off)));
		json_u64(json, "line", BPF_LINE_INFO_LINE_NUM(info->line_col));
	}
	json_bool(json, "reached", fact->flags & FACT_SEEN);
	if (is_condition(insn)) {
		json_bool(json, "taken", fact->flags & FACT_TAKEN);
		json_bool(json, "not_taken", fact->flags & FACT_NOT_TAKEN);
	}
	if (fact->mem && fact->mem < ARRAY_SIZE(mem_names))
		json_string(json, "memory", mem_names[fact->mem]);
	if (map)
		json_string(json, "map", map);
	if (has_range(insn, fact)) {
		json_u64(json, "min", fact->umin);
		json_u64(json, "max", fact->umax);
	}
	json_close(json, '}');
}

void facts_json(const struct verdict *v, struct json *json)
{
	const struct anybpf_program *p = v->program;
	struct buf text;

	buf_init(&text, &mem_libc);
	json_open(json, "facts", '[');
	for (u32 i = 0; i < p->insn_cnt;) {
		u32 at = i;

		buf_reset(&text);
		i += insn_text(p, at, &text);
		fact_json(v, at, buf_str(&text), json);
	}
	json_close(json, ']');
	buf_free(&text);
}
