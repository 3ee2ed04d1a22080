/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine code as BPF_OBJ_GET_INFO_BY_FD tells of it, of either engine: function
 * by function, with the lines of C between the instructions. A function that is
 * part of another's code is named and not shown twice.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <capstone/capstone.h>

#include "disasm.h"
#include "jit/jit.h"
#include "sys/engine.h"

/* A program's code and what is told of places in it. */
struct code {
	const struct disasm_command *opts;
	const struct anybpf_program *program;
	struct bpf_prog_info info;
	u8 *bytes;
	u64 *symbols; /* by function: address and length */
	u32 *lens;
	struct bpf_line_info *lines; /* and the addresses of their code */
	u64 *addresses;
	struct jit_code_line *all; /* of the user engine, which tells more */
	u32 all_cnt;
	struct jit_code_line *places; /* of one function, in order */
	u32 place_cnt, next;	      /* whose turn it is */
	u32 shown;		      /* .line_off of the last line */
	csh capstone;
	cs_insn *insn;
};

/* ---- asking ---- */

static int get_info(const struct anybpf_program *program, struct bpf_prog_info *info)
{
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (u32)program->fd;
	attr.info.info = ptr_to_u64(info);
	attr.info.info_len = sizeof(*info);
	return engine_bpf(program->object->ctx->engine, BPF_OBJ_GET_INFO_BY_FD, &attr,
			  sizeof(attr.info));
}

/* One more of each, so that none is NULL. */
static bool make_room(struct code *c)
{
	c->bytes = calloc(c->info.jited_prog_len + 1ull, 1);
	c->symbols = calloc(c->info.nr_jited_ksyms + 1ull, sizeof(*c->symbols));
	c->lens = calloc(c->info.nr_jited_func_lens + 1ull, sizeof(*c->lens));
	c->lines = calloc(c->info.nr_line_info + 1ull, sizeof(*c->lines));
	c->addresses = calloc(c->info.nr_jited_line_info + 1ull, sizeof(*c->addresses));
	/* At each byte of code one line can begin. */
	c->all = calloc(c->info.jited_prog_len + 1ull, sizeof(*c->all));
	c->places =
		calloc(1ull + c->info.jited_prog_len + c->info.nr_line_info, sizeof(*c->places));
	return c->bytes && c->symbols && c->lens && c->lines && c->addresses && c->all && c->places;
}

static int get_code(struct code *c)
{
	int ret = get_info(c->program, &c->info);

	if (ret)
		return ret;
	if (!make_room(c))
		return -ENOMEM;
	c->info = (struct bpf_prog_info){
		.jited_prog_insns = ptr_to_u64(c->bytes),
		.jited_prog_len = c->info.jited_prog_len,
		.jited_ksyms = ptr_to_u64(c->symbols),
		.nr_jited_ksyms = c->info.nr_jited_ksyms,
		.jited_func_lens = ptr_to_u64(c->lens),
		.nr_jited_func_lens = c->info.nr_jited_func_lens,
		.line_info = ptr_to_u64(c->lines),
		.nr_line_info = c->info.nr_line_info,
		.line_info_rec_size = sizeof(*c->lines),
		.jited_line_info = ptr_to_u64(c->addresses),
		.nr_jited_line_info = c->info.nr_jited_line_info,
		.jited_line_info_rec_size = sizeof(*c->addresses),
	};
	ret = get_info(c->program, &c->info);
	/* Who may not see addresses may see no code by them. */
	if (!c->info.jited_ksyms || !c->info.jited_func_lens)
		c->info.nr_jited_func_lens = 0;
	if (!c->info.jited_line_info || c->info.nr_jited_line_info != c->info.nr_line_info)
		c->info.nr_line_info = 0;
	c->all_cnt = engine_code_lines(c->program->object->ctx->engine, c->program->fd, c->all,
				       c->info.jited_prog_len);
	return ret;
}

static void code_free(struct code *c)
{
	free(c->bytes);
	free(c->symbols);
	free(c->lens);
	free(c->lines);
	free(c->addresses);
	free(c->all);
	free(c->places);
}

/* ---- printing ---- */

/* Both engines make code for the machine that this runs on. */
static int open_capstone(csh *handle)
{
	static const struct {
		const char *machine;
		cs_arch arch;
		cs_mode mode;
	} machines[] = {
		{"x86_64", CS_ARCH_X86, CS_MODE_64},
		{"aarch64", CS_ARCH_ARM64, CS_MODE_ARM},
	};
	struct utsname name;

	uname(&name);
	for (u32 i = 0; i < ARRAY_SIZE(machines); i++)
		if (!strcmp(machines[i].machine, name.machine) &&
		    cs_open(machines[i].arch, machines[i].mode, handle) == CS_ERR_OK)
			return 0;
	return -EOPNOTSUPP;
}

static void print_insn(const cs_insn *insn)
{
	printf("%6" PRIx64 ":  ", insn->address);
	for (u32 i = 0; i < 10; i++) {
		if (i < insn->size)
			printf("%02x ", insn->bytes[i]);
		else
			printf("   ");
	}
	printf(" %-7s %s\n", insn->mnemonic, insn->op_str);
}

static int by_address(const void *a, const void *b)
{
	const struct jit_code_line *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->record < y->record ? -1 : x->record > y->record;
}

/* The lines of the code at @address, whatever function they are of. */
static void find_lines(struct code *c, u64 address, u32 size)
{
	u32 n = c->all_cnt ? c->all_cnt : c->info.nr_line_info;

	c->place_cnt = c->next = 0;
	c->shown = UINT32_MAX;
	for (u32 i = 0; i < n; i++) {
		struct jit_code_line line;

		if (c->all_cnt)
			line = c->all[i];
		else
			line = (struct jit_code_line){c->addresses[i], i};
		if (line.address - address < size && line.record < c->info.nr_line_info)
			c->places[c->place_cnt++] = line;
	}
	qsort(c->places, c->place_cnt, sizeof(*c->places), by_address);
}

/* The last line that begins at or before @address, unless it stands there already. */
static void print_source(struct code *c, u64 address)
{
	const struct btf *btf = c->program->object->spec->btf;
	const struct bpf_line_info *line = NULL;

	while (c->next < c->place_cnt && c->places[c->next].address <= address)
		line = &c->lines[c->places[c->next++].record];
	if (!line || !btf || !c->opts->source || line->line_off == c->shown)
		return;
	print_source_line(btf, line);
	c->shown = line->line_off;
}

/* @at is what addresses are printed as, @address where the code is. */
static void print_bytes(struct code *c, const u8 *bytes, size_t left, uint64_t at, u64 address)
{
	const u8 *start = bytes;

	while (left) {
		print_source(c, address + (u64)(bytes - start));
		if (cs_disasm_iter(c->capstone, &bytes, &left, &at, c->insn)) {
			print_insn(c->insn);
			continue;
		}
		printf("%6" PRIx64 ":  %02x\n", at, *bytes); /* constants between functions */
		bytes++;
		at++;
		left--;
	}
}

static const char *function_name(const struct code *c, u32 i)
{
	const struct anybpf_program *program = c->program;
	const struct btf *btf = program->object->spec->btf;
	const struct btf_type *type;

	if (!btf || i >= program->func_info_cnt)
		return i ? "(no name)" : anybpf_program_name(program);
	type = btf_type_by_id(btf, program->func_info[i].type_id);
	return type ? btf_name(btf, type) : "(no name)";
}

/* Bytes that trap, the same all over, as the user engine has for what is part of others. */
static bool is_built_in(const struct code *c, u32 i, const u8 *bytes)
{
	u32 n = 0;

	while (n < c->lens[i] && bytes[n] == bytes[0])
		n++;
	return n == c->lens[i];
}

static void print_functions(struct code *c)
{
	u32 n = c->info.nr_jited_func_lens;
	const u8 *bytes = c->bytes;

	if (!n)
		print_bytes(c, bytes, c->info.jited_prog_len, 0, 0);
	for (u32 i = 0; i < n; bytes += c->lens[i++]) {
		if (is_built_in(c, i, bytes)) {
			printf("%s: part of what calls it\n", function_name(c, i));
			continue;
		}
		if (n > 1)
			printf("%s:\n", function_name(c, i));
		find_lines(c, c->symbols[i], c->lens[i]);
		print_bytes(c, bytes, c->lens[i], c->symbols[i] - c->symbols[0], c->symbols[i]);
	}
}

int disasm_jit(const struct disasm_command *opts, const struct anybpf_program *program)
{
	struct code c = {.opts = opts, .program = program};
	int ret = get_code(&c);

	if (!ret)
		ret = open_capstone(&c.capstone);
	if (!ret) {
		c.insn = cs_malloc(c.capstone);
		print_functions(&c);
		cs_free(c.insn, 1);
		cs_close(&c.capstone);
	}
	code_free(&c);
	return ret;
}
