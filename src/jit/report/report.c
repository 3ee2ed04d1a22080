/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is told of new code, and what functions and lines are called. */
#include "jit/report/report.h"

#include <stdio.h>

#include "object/btf_object.h"

static const char *function_name(const struct prog *prog, u32 subprog)
{
	const struct btf_type *type;

	if (subprog >= prog->func_info_cnt || !prog->btf)
		return subprog ? NULL : prog->name;
	type = btf_type_by_id(prog->btf->btf, prog->func_info[subprog].type_id);
	return type ? btf_name(prog->btf->btf, type) : NULL;
}

void jit_symbol(const struct prog *prog, u32 subprog, char name[JIT_SYMBOL_MAX])
{
	const char *function = function_name(prog, subprog);
	int n = snprintf(name, JIT_SYMBOL_MAX, "bpf_prog_");

	for (u32 i = 0; i < BPF_TAG_SIZE; i++)
		n += snprintf(name + n, JIT_SYMBOL_MAX - (size_t)n, "%02x", prog->tag[i]);
	if (function && *function)
		snprintf(name + n, JIT_SYMBOL_MAX - (size_t)n, "_%s", function);
	else
		snprintf(name + n, JIT_SYMBOL_MAX - (size_t)n, "_F%u", subprog);
}

bool jit_source_line(const struct prog *prog, u32 pc, const char **file, u32 *line)
{
	const struct bpf_line_info *found = NULL;
	u32 lo = 0, hi = prog->line_info_cnt;

	while (lo < hi) { /* the last record that does not start behind pc */
		u32 mid = lo + (hi - lo) / 2;

		if (prog->line_info[mid].insn_off <= pc) {
			found = &prog->line_info[mid];
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	if (!found || !prog->btf)
		return false;
	*file = btf_str(prog->btf->btf, found->file_name_off);
	*line = found->line_col >> 10;
	return *file && **file;
}

void jit_report(const struct prog *prog, const struct jit_image *image)
{
	u8 wanted = prog->obj.host->jit.report;

	if (wanted & HOST_JIT_PERF_MAP)
		report_perf_map(prog, image);
}
