/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Function and line information of a program that is loaded. The words are
 * Linux's, which ends some of them with no newline.
 */
#include <errno.h>

#include "btf/impl.h"

static int reject(struct log *log, const char *fmt, ...) __printf(2, 3);

static int reject(struct log *log, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (log)
		log_vprintf(log, fmt, args);
	va_end(args);
	return -EINVAL;
}

int btf_check_func_info(const struct btf *btf, const struct bpf_func_info *info, u32 n,
			struct log *log)
{
	for (u32 i = 0; i < n; i++) {
		const struct btf_type *t = btf_type_by_id(btf, info[i].type_id);

		if (!i && info[i].insn_off)
			return reject(log, "nonzero insn_off %u for the first func info record",
				      info[i].insn_off);
		if (i && info[i].insn_off <= info[i - 1].insn_off)
			return reject(log,
				      "same or smaller insn offset (%u) than previous func info "
				      "record (%u)",
				      info[i].insn_off, info[i - 1].insn_off);
		if (!t || btf_kind(t) != BTF_KIND_FUNC)
			return reject(log, "invalid type id %d in func info", info[i].type_id);
	}
	return 0;
}

static int check_line(const struct btf *btf, const struct bpf_line_info *info, u32 i,
		      const struct bpf_insn *insns, u32 insn_cnt, struct log *log)
{
	u32 prev = i ? info[i - 1].insn_off : 0, off = info[i].insn_off;

	if ((i && off <= prev) || off >= insn_cnt)
		return reject(log,
			      "Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)\n",
			      i, off, prev, insn_cnt);
	/* The second half of a wide load. */
	if (!insns[off].code)
		return reject(log, "Invalid insn code at line_info[%u].insn_off\n", i);
	if (!btf_str_or_null(btf, info[i].line_off) || !btf_str_or_null(btf, info[i].file_name_off))
		return reject(log, "Invalid line_info[%u].line_off or .file_name_off\n", i);
	return 0;
}

int btf_check_line_info(const struct btf *btf, const struct bpf_line_info *info, u32 n,
			const struct bpf_insn *insns, u32 insn_cnt, const u32 *starts,
			u32 subprog_cnt, struct log *log)
{
	u32 sub = 0;

	for (u32 i = 0; i < n; i++) {
		int err = check_line(btf, info, i, insns, insn_cnt, log);

		if (err)
			return err;
		if (sub == subprog_cnt || starts[sub] > info[i].insn_off)
			continue;
		if (starts[sub] < info[i].insn_off)
			return reject(log, "missing bpf_line_info for func#%u\n", sub);
		sub++;
	}
	if (n && sub != subprog_cnt)
		return reject(log, "missing bpf_line_info for %u funcs starting from func#%u\n",
			      subprog_cnt - sub, sub);
	return 0;
}

const struct bpf_line_info *btf_find_line(const struct bpf_line_info *info, u32 n, u32 insn)
{
	u32 lo = 0, hi = n;

	if (!n || info[0].insn_off > insn)
		return NULL;
	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (info[mid].insn_off <= insn)
			lo = mid;
		else
			hi = mid;
	}
	return &info[lo];
}
