/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as instructions: every form of disassembly and every check ends,
 * and the exact form assembles to the same bytes.
 */
#include <string.h>

#include "fuzz.h"
#include "isa/asm.h"
#include "isa/disasm.h"
#include "isa/isa.h"

static void print(struct buf *out, const struct bpf_insn *insns, u32 cnt,
		  const struct disasm_options *opts)
{
	buf_reset(out);
	for (u32 i = 0; i < cnt;) {
		u32 slots = isa_disasm(out, &insns[i], cnt - i, opts);

		fuzz_check(slots >= 1 && slots <= cnt - i);
		i += slots;
		buf_putc(out, '\n');
	}
	fuzz_check(!buf_error(out));
}

static void check_all(const struct bpf_insn *insns, u32 cnt)
{
	struct isa_error err;

	isa_check(insns, cnt, &err);
	isa_check_subprog(insns, 0, cnt, &err);
	for (u32 i = 0; i < cnt; i++) {
		isa_check_insn(insns, cnt, i, &err);
		isa_regs_read(&insns[i]);
		isa_regs_written(&insns[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct disasm_options exact = {.form = DISASM_ASM},
					   llvm = {.form = DISASM_LLVM, .hex = true},
					   kernel = {.opcode = true};
	u32 cnt = (u32)(size / sizeof(struct bpf_insn)), got_cnt;
	struct bpf_insn *insns = malloc(cnt ? cnt * sizeof(*insns) : 1), *got;
	struct err err = {0};
	struct buf text;

	if (!insns)
		return 0;
	memcpy(insns, data, cnt * sizeof(*insns));
	buf_init(&text, &mem_libc);
	check_all(insns, cnt);
	print(&text, insns, cnt, &kernel);
	print(&text, insns, cnt, &llvm);
	print(&text, insns, cnt, &exact);
	fuzz_check(isa_assemble(NULL, buf_str(&text), NULL, &got, &got_cnt, &err) == 0);
	fuzz_check(got_cnt == cnt && (!cnt || !memcmp(got, insns, cnt * sizeof(*insns))));
	mem_free(&mem_libc, got);
	buf_free(&text);
	free(insns);
	return 0;
}
