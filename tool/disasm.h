/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of `anybpf disasm`. */
#ifndef ANYBPF_TOOL_DISASM_H
#define ANYBPF_TOOL_DISASM_H

#include "isa/disasm.h"
#include "tool.h"

struct disasm_command {
	struct common common;
	enum disasm_form form;
	bool raw;
	bool source;	  /* C lines between the instructions */
	bool jit, ir;	  /* what programs are compiled to instead of them */
	const char *step; /* of the compiler, or "all"; NULL: the last one */
};

/* disasm_code.c: loads the object's programs and shows what they were compiled to. */
int disasm_code(const struct disasm_command *opts);

/* disasm_jit.c: the machine code of a loaded program; 0 or a negative errno. */
int disasm_jit(const struct disasm_command *opts, const struct anybpf_program *program);
/* A line of C, as it stands between instructions. */
void print_source_line(const struct btf *btf, const struct bpf_line_info *info);

#endif
