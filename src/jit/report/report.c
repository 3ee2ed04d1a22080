/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is told of new code, and what functions and lines are called. */
#include "jit/report/report.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "helper/helper.h"
#include "object/btf_object.h"

static const struct {
	int (*add)(const struct prog *prog, const struct jit_image *image, void **own,
		   struct err *err);
	void (*remove)(const struct prog *prog, void *own);
} reports[JIT_REPORT_CNT] = {
#define REPORT(NAME, text, add, remove, what) {add, remove},
#include "jit/report/report.def"
#undef REPORT
};

const char *const jit_report_names[JIT_REPORT_CNT] = {
#define REPORT(NAME, text, add, remove, what) text,
#include "jit/report/report.def"
#undef REPORT
};

const char *const jit_report_texts[JIT_REPORT_CNT] = {
#define REPORT(NAME, text, add, remove, what) what,
#include "jit/report/report.def"
#undef REPORT
};

/* ---- choosing ---- */

static u32 reports_named(const char *name, size_t len)
{
	if (len == 3 && !strncmp(name, "all", len))
		return BIT(JIT_REPORT_CNT) - 1;
	for (u32 i = 0; i < JIT_REPORT_CNT; i++)
		if (strlen(jit_report_names[i]) == len && !strncmp(jit_report_names[i], name, len))
			return BIT(i);
	return 0;
}

int jit_reports_parse(const char *text, u32 *out, struct err *err)
{
	u32 chosen = 0;

	while (*text) {
		size_t len = strcspn(text, ",");
		u32 named = reports_named(text, len);

		if (!named && !(len == 4 && !strncmp(text, "none", len)))
			return err_set(err, -EINVAL, "no report of the compiler is called '%.*s'",
				       (int)len, text);
		chosen |= named;
		text += len;
		text += *text == ',';
	}
	*out = chosen;
	return 0;
}

/* ---- telling ---- */

/* Once per host and report: a host may load thousands of programs. */
static void warn(struct host *host, u32 report, const struct err *err)
{
	struct err line = *err;

	if (atomic_fetch_or(&host->jit_warned, BIT(report)) & BIT(report) || !host->jit.warn)
		return;
	err_prefix(&line, "machine code is not reported (%s)", jit_report_names[report]);
	host->jit.warn(host->jit.warn_arg, line.text);
}

static bool is_call_of(const struct bpf_insn *insn, u32 id)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg &&
	       helper_protos[insn->imm].id == id;
}

/* Programs that look at stacks see their callers by what the unwinder knows of their own frames. */
static bool looks_at_stacks(const struct prog *prog)
{
	const struct bpf_insn *end = prog->insns + prog->insn_cnt;

	for (const struct bpf_insn *insn = prog->insns; insn < end; insn++)
		if (is_call_of(insn, BPF_FUNC_get_stack) ||
		    is_call_of(insn, BPF_FUNC_get_stackid) ||
		    is_call_of(insn, BPF_FUNC_get_task_stack))
			return true;
	return false;
}

void jit_report(const struct prog *prog, struct jit_image *image)
{
	struct host *host = prog->obj.host;
	u32 asked = host->jit.report, told = asked;

	if (looks_at_stacks(prog))
		told |= BIT(JIT_REPORT_UNWIND);
	for (u32 i = 0; i < JIT_REPORT_CNT; i++) {
		struct err err = {0};

		if (told & BIT(i) && reports[i].add(prog, image, &image->reports[i], &err) &&
		    asked & BIT(i))
			warn(host, i, &err);
	}
}

void jit_report_end(const struct prog *prog, struct jit_image *image)
{
	for (u32 i = 0; i < JIT_REPORT_CNT; i++) {
		if (reports[i].remove && image->reports[i])
			reports[i].remove(prog, image->reports[i]);
		image->reports[i] = NULL;
	}
}

/* ---- names ---- */

const char *jit_function_name(const struct prog *prog, u32 subprog)
{
	const struct btf_type *type;
	const char *name = NULL;

	if (subprog < prog->func_info_cnt && prog->btf) {
		type = btf_type_by_id(prog->btf->btf, prog->func_info[subprog].type_id);
		name = type ? btf_name(prog->btf->btf, type) : NULL;
	} else if (!subprog) {
		name = prog->name;
	}
	return name && *name ? name : NULL;
}

void jit_symbol(const struct prog *prog, u32 subprog, char name[JIT_SYMBOL_MAX])
{
	const char *function = jit_function_name(prog, subprog);
	int n = snprintf(name, JIT_SYMBOL_MAX, "bpf_prog_");

	for (u32 i = 0; i < BPF_TAG_SIZE; i++)
		n += snprintf(name + n, JIT_SYMBOL_MAX - (size_t)n, "%02x", prog->tag[i]);
	if (function)
		snprintf(name + n, JIT_SYMBOL_MAX - (size_t)n, "_%s", function);
	else
		snprintf(name + n, JIT_SYMBOL_MAX - (size_t)n, "_F%u", subprog);
}

/* ---- lines ---- */

/* The last record that does not start behind @pc. */
static const struct bpf_line_info *line_of(const struct prog *prog, u32 pc)
{
	const struct bpf_line_info *found = NULL;
	u32 lo = 0, hi = prog->line_info_cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (prog->line_info[mid].insn_off <= pc) {
			found = &prog->line_info[mid];
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return found;
}

static bool add_source(const struct prog *prog, struct jit_sources *sources, u32 offset, u32 pc)
{
	const struct bpf_line_info *info = line_of(prog, pc);
	const struct jit_source *last =
		sources->at.len ? &sources->at.at[sources->at.len - 1] : NULL;
	struct jit_source source = {.offset = offset};

	if (!info)
		return true;
	source.file = btf_str(prog->btf->btf, info->file_name_off);
	source.line = BPF_LINE_INFO_LINE_NUM(info->line_col);
	source.column = BPF_LINE_INFO_LINE_COL(info->line_col);
	if (!source.file || !*source.file || !source.line)
		return true;
	if (last && last->file == source.file && last->line == source.line)
		return true;
	return vec_push(&sources->at, prog->obj.host->mem, source);
}

/* The first jit_line at @offset or behind. */
static u32 first_line(const struct jit_image *image, u32 offset)
{
	return first_from(image->lines, image->line_cnt, offset, offset);
}

int jit_sources(const struct prog *prog, const struct jit_image *image, const struct jit_func *func,
		struct jit_sources *sources)
{
	*sources = (struct jit_sources){0};
	if (!prog->btf)
		return 0;
	/* The prologue belongs to the line where the function begins. */
	if (!add_source(prog, sources, func->start, prog->subprogs[func->subprog].start))
		return -ENOMEM;
	for (u32 i = first_line(image, func->start); i < image->line_cnt; i++) {
		const struct jit_line *line = &image->lines[i];

		if (line->offset >= func->end)
			break;
		if (!add_source(prog, sources, line->offset, line->pc)) {
			vec_free(&sources->at, prog->obj.host->mem);
			return -ENOMEM;
		}
	}
	return 0;
}
