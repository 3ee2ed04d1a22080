/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What object files use: a line "helper NAME", "kfunc NAME", "map TYPE" or "program
 * TYPE" for each. What compared.py says of programs that ran here and in Linux.
 *
 *	used OBJECT...
 */
#include <stdio.h>

#include "elf/spec.h"
#include "helper/helper.h"
#include "hook/hook.h"
#include "map/map.h"

static void print_function(const struct spec_func *func)
{
	if (func->def)
		printf("program %s\n", prog_type_name(func->def->type));
	for (u32 i = 0; i < func->reloc_cnt; i++)
		if (func->relocs[i].kind == RELOC_EXTERN_CALL)
			printf("kfunc %s\n", func->relocs[i].symbol);
	for (u32 i = 0; i < func->insn_cnt; i++) {
		const struct bpf_insn *insn = &func->insns[i];
		const char *name = helper_name((u32)insn->imm);

		if (insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && name)
			printf("helper %s\n", name);
		i += insn->code == (BPF_LD | BPF_IMM | BPF_DW);
	}
}

static int print_object(const char *path)
{
	struct spec *spec;
	struct err err = {0};
	int ret;

	ret = spec_parse_file(&mem_libc, path, &spec, &err);
	if (ret) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		return ret;
	}
	for (u32 i = 0; i < spec->func_cnt; i++)
		print_function(&spec->funcs[i]);
	for (u32 i = 0; i < spec->map_cnt; i++)
		printf("map %s\n", map_type_name(spec->maps[i].type));
	spec_free(spec);
	return 0;
}

int main(int argc, char **argv)
{
	int ret = 0;

	for (int i = 1; i < argc; i++)
		ret |= print_object(argv[i]);
	return ret ? 1 : 0;
}
