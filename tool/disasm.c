/* SPDX-License-Identifier: BSD-2-Clause */
/* anybpf disasm: the instructions of an object, or of raw bytecode, as text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/spec.h"
#include "helper/helper.h"
#include "isa/disasm.h"
#include "disasm.h"

/* What the callbacks of the disassembler look at. */
struct listing {
	const struct spec *spec;
	const struct spec_func *func;
};

static const char *name_of_helper(void *ctx __unused, u32 id)
{
	return helper_name(id);
}

static const struct spec_reloc *reloc_at(const struct spec_func *func, u32 insn)
{
	for (u32 i = 0; i < func->reloc_cnt; i++)
		if (func->relocs[i].insn == insn && func->relocs[i].kind != RELOC_CORE)
			return &func->relocs[i];
	return NULL;
}

/* A map's address is not known yet: its name says more than the zero that is there. */
static bool name_of_wide(void *ctx, struct buf *out, const struct bpf_insn *insn)
{
	const struct listing *listing = ctx;
	const struct spec_reloc *reloc;

	if (!listing->func)
		return false;
	reloc = reloc_at(listing->func, (u32)(insn - listing->func->insns));
	if (!reloc)
		return false;
	switch (reloc->kind) {
	case RELOC_MAP:
		buf_printf(out, "map[%s]", reloc->symbol);
		return true;
	case RELOC_MAP_VALUE:
		buf_printf(out, "map[%s]+%lld", listing->spec->maps[reloc->target].name,
			   (long long)reloc->addend);
		return true;
	default:
		return false;
	}
}

void print_source_line(const struct btf *btf, const struct bpf_line_info *info)
{
	const char *line = btf_str(btf, info->line_off);

	line += strspn(line, " \t");
	printf("; %s @ %s:%u\n", line, short_path(btf_str(btf, info->file_name_off)),
	       BPF_LINE_INFO_LINE_NUM(info->line_col));
}

static void print_source(const struct listing *listing, u32 insn, u32 *last)
{
	const struct spec_func *func = listing->func;
	const struct btf *btf = listing->spec->btf;

	for (u32 i = 0; btf && i < func->line_info_cnt; i++) {
		const struct bpf_line_info *info = &func->line_info[i];

		if (info->insn_off != insn || info->line_off == *last)
			continue;
		print_source_line(btf, info);
		*last = info->line_off;
	}
}

static int print_insns(const struct disasm_command *opts, struct listing *listing,
		       const struct bpf_insn *insns, u32 cnt)
{
	const struct disasm_options disasm = {
		.form = opts->form,
		.opcode = opts->form == DISASM_KERNEL,
		.hex = true,
		.ctx = listing,
		.helper_name = opts->form == DISASM_LLVM ? NULL : name_of_helper,
		.wide_name = opts->form == DISASM_LLVM ? NULL : name_of_wide,
	};
	u32 last = UINT32_MAX;
	struct buf text;
	int ret;

	buf_init(&text, &mem_libc);
	for (u32 i = 0; i < cnt;) {
		const struct spec_reloc *reloc = listing->func ? reloc_at(listing->func, i) : NULL;
		u32 at = i;

		if (opts->source && listing->func)
			print_source(listing, i, &last);
		buf_reset(&text);
		i += isa_disasm(&text, &insns[i], cnt - i, &disasm);
		printf("%4u: %s%s%s\n", at, buf_str(&text), reloc ? "  ; " : "",
		       reloc ? reloc->symbol : "");
	}
	ret = buf_error(&text);
	buf_free(&text);
	return ret;
}

static int disasm_spec(const struct disasm_command *opts, const struct spec *spec)
{
	struct listing listing = {.spec = spec};
	u32 shown = 0;
	int ret = 0;

	for (u32 i = 0; i < spec->func_cnt && !ret; i++) {
		const struct spec_func *func = &spec->funcs[i];

		if (opts->common.prog && strcmp(opts->common.prog, func->name))
			continue;
		printf("%s%s (section \"%s\"):\n", shown++ ? "\n" : "", func->name, func->section);
		listing.func = func;
		ret = print_insns(opts, &listing, func->insns, func->insn_cnt);
	}
	if (ret) {
		complain("%s: %s", opts->common.file, strerror(-ret));
		return EXIT_FAILED;
	}
	if (shown)
		return EXIT_OK;
	if (opts->common.prog)
		complain("%s: there is no function '%s'", opts->common.file, opts->common.prog);
	else
		complain("%s: there are no functions", opts->common.file);
	return EXIT_FAILED;
}

static int disasm_raw(const struct disasm_command *opts)
{
	struct listing listing = {0};
	struct buf data;
	int err;

	buf_init(&data, &mem_libc);
	err = read_file(opts->common.file, &data);
	if (err)
		complain("%s: %s", opts->common.file, strerror(-err));
	else if (data.len % sizeof(struct bpf_insn))
		complain("%s: %zu bytes are no whole number of instructions of 8 bytes",
			 opts->common.file, data.len);
	else
		err = print_insns(opts, &listing, (const struct bpf_insn *)(const void *)data.data,
				  (u32)(data.len / sizeof(struct bpf_insn)));
	if (!err && data.len % sizeof(struct bpf_insn))
		err = -EINVAL;
	buf_free(&data);
	return err ? EXIT_FAILED : EXIT_OK;
}

static int disasm_object(const struct disasm_command *opts)
{
	struct buf compiled;
	struct spec *spec;
	struct err err = {0};
	int ret;

	buf_init(&compiled, &mem_libc);
	if (!is_c_file(opts->common.file)) {
		ret = spec_parse_file(&mem_libc, opts->common.file, &spec, &err);
	} else if (compile_bpf(opts->common.file, opts->common.clang, &compiled)) {
		buf_free(&compiled);
		return EXIT_FAILED;
	} else {
		ret = spec_parse(&mem_libc, compiled.data, compiled.len, opts->common.file, &spec,
				 &err);
	}
	buf_free(&compiled);
	if (ret) {
		complain("%s", err.text);
		return EXIT_FAILED;
	}
	ret = disasm_spec(opts, spec);
	spec_free(spec);
	return ret;
}

static const char options_help[] =
	"  --prog NAME      only this function\n"
	"  --llvm           in llvm-objdump's form instead of the kernel's\n"
	"  --asm            in a form that 'anybpf asm' turns into the same bytes\n"
	"  --no-source      without the C lines\n"
	"  --jit            the machine code that it is compiled to; with --engine kernel, "
	"Linux's\n"
	"  --ir             the compiler's intermediate form, after its last step\n"
	"  --step NAME      ... after this one; \"all\": after each that changes "
	"something\n" HELP_JIT_PASSES HELP_BTF HELP_ENGINE
	"  --raw            FILE holds nothing but instructions, 8 bytes each (\"-\": standard "
	"input)\n" HELP_CLANG HELP_HELP;

enum { OPT_ASM = 1000, OPT_NO_SOURCE, OPT_JIT, OPT_IR, OPT_STEP };

static const struct option long_options[] = {
	{"prog", required_argument, NULL, OPT_PROG},
	{"llvm", no_argument, NULL, OPT_LLVM},
	{"asm", no_argument, NULL, OPT_ASM},
	{"no-source", no_argument, NULL, OPT_NO_SOURCE},
	{"jit", no_argument, NULL, OPT_JIT},
	{"ir", no_argument, NULL, OPT_IR},
	{"step", required_argument, NULL, OPT_STEP},
	{"jit-passes", required_argument, NULL, OPT_JIT_PASSES},
	{"jit-blind", no_argument, NULL, OPT_JIT_BLIND},
	{"engine", required_argument, NULL, OPT_ENGINE},
	{"raw", no_argument, NULL, OPT_RAW},
	{"btf", required_argument, NULL, OPT_BTF},
	{"clang", required_argument, NULL, OPT_CLANG},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int parse_option(struct disasm_command *opts, int option)
{
	switch (option) {
	case OPT_LLVM:
		opts->form = DISASM_LLVM;
		return EXIT_OK;
	case OPT_ASM:
		opts->form = DISASM_ASM;
		return EXIT_OK;
	case OPT_NO_SOURCE:
		opts->source = false;
		return EXIT_OK;
	case OPT_JIT:
		opts->jit = true;
		return EXIT_OK;
	case OPT_IR:
		opts->ir = true;
		return EXIT_OK;
	case OPT_STEP:
		opts->step = optarg;
		opts->ir = true;
		return EXIT_OK;
	case OPT_RAW:
		opts->raw = true;
		return EXIT_OK;
	default:
		return parse_common("disasm", &opts->common, option);
	}
}

int command_disasm(int argc, char **argv)
{
	struct disasm_command opts = {.source = true};
	int option, ret;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option == 'h')
			return command_help("disasm", options_help);
		ret = parse_option(&opts, option);
		if (ret)
			return ret;
	}
	opts.common.file = one_file("disasm", argc, argv);
	if (!opts.common.file)
		return EXIT_USAGE;
	if (opts.jit || opts.ir)
		return disasm_code(&opts);
	if (opts.common.engine == ANYBPF_ENGINE_KERNEL)
		return usage_error("disasm", "--engine kernel is for --jit");
	return opts.raw ? disasm_raw(&opts) : disasm_object(&opts);
}
