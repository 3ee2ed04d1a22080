/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text to the assembler: a clear error, or instructions whose text gives them back. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "isa/asm.h"
#include "isa/disasm.h"

static int helper_id(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "map_lookup_elem") ? -1 : 1;
}

static void again(const struct bpf_insn *insns, u32 cnt)
{
	static const struct disasm_options exact = {.form = DISASM_ASM};
	struct bpf_insn *got;
	struct buf text;
	u32 got_cnt;

	buf_init(&text, &mem_libc);
	for (u32 i = 0; i < cnt;) {
		i += isa_disasm(&text, &insns[i], cnt - i, &exact);
		buf_putc(&text, '\n');
	}
	fuzz_check(isa_assemble(NULL, buf_str(&text), NULL, &got, &got_cnt, NULL) == 0);
	fuzz_check(got_cnt == cnt && (!cnt || !memcmp(got, insns, cnt * sizeof(*insns))));
	mem_free(&mem_libc, got);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct asm_options opts = {.helper_id = helper_id};
	char *text = malloc(size + 1);
	struct bpf_insn *insns;
	struct err err = {0};
	u32 cnt;
	int ret;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	ret = isa_assemble(NULL, text, &opts, &insns, &cnt, &err);
	fuzz_check(ret == 0 ? !err.code : ret == -EINVAL && !strncmp(err.text, "line ", 5));
	again(insns, cnt);
	mem_free(&mem_libc, insns);
	free(text);
	return 0;
}
