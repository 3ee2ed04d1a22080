/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug information: units, functions, lines. Numbers are those of the DWARF 4 standard. */
#include "jit/report/dwarf.h"

#include "jit/report/leb.h"
#include "jit/report/report.h"

#define DWARF_VERSION 4

enum dwarf_tag { TAG_COMPILE_UNIT = 0x11, TAG_SUBPROGRAM = 0x2e };

enum dwarf_at {
	AT_NAME = 0x03,
	AT_STMT_LIST = 0x10,
	AT_LOW_PC = 0x11,
	AT_HIGH_PC = 0x12,
	AT_LANGUAGE = 0x13,
	AT_PRODUCER = 0x25,
	AT_DECL_FILE = 0x3a,
	AT_DECL_LINE = 0x3b,
	AT_EXTERNAL = 0x3f,
	AT_FRAME_BASE = 0x40,
};

enum dwarf_form {
	FORM_ADDR = 0x01,
	FORM_DATA8 = 0x07,
	FORM_STRING = 0x08,
	FORM_DATA1 = 0x0b,
	FORM_UDATA = 0x0f,
	FORM_SEC_OFFSET = 0x17,
	FORM_EXPRLOC = 0x18,
	FORM_FLAG_PRESENT = 0x19,
};

enum dwarf_line_op {
	LNS_EXTENDED = 0,
	LNS_COPY = 1,
	LNS_ADVANCE_PC = 2,
	LNS_ADVANCE_LINE = 3,
	LNS_SET_FILE = 4,
	LNS_SET_COLUMN = 5,
	LNE_END_SEQUENCE = 1,
	LNE_SET_ADDRESS = 2,
};

#define LANGUAGE_C99	  0x0c
#define OP_CALL_FRAME_CFA 0x9c

/* Kinds of entries, as .debug_abbrev numbers them. */
enum { ENTRY_UNIT = 1, ENTRY_FUNCTION, ENTRY_FUNCTION_DECLARED };

/* An attribute and its form. */
static const u8 unit_attributes[][2] = {
	{AT_PRODUCER, FORM_STRING}, {AT_LANGUAGE, FORM_DATA1}, {AT_NAME, FORM_STRING},
	{AT_LOW_PC, FORM_ADDR},	    {AT_HIGH_PC, FORM_DATA8},  {AT_STMT_LIST, FORM_SEC_OFFSET},
};

/* The last two are of functions whose line is known. */
static const u8 function_attributes[][2] = {
	{AT_NAME, FORM_STRING},	       {AT_LOW_PC, FORM_ADDR},		 {AT_HIGH_PC, FORM_DATA8},
	{AT_FRAME_BASE, FORM_EXPRLOC}, {AT_EXTERNAL, FORM_FLAG_PRESENT}, {AT_DECL_FILE, FORM_UDATA},
	{AT_DECL_LINE, FORM_UDATA},
};

static void put_abbrev(struct buf *out, u32 entry, u32 tag, const u8 (*attributes)[2], size_t n)
{
	put_uleb(out, entry);
	put_uleb(out, tag);
	put_u8(out, tag == TAG_COMPILE_UNIT); /* whether it has children */
	buf_add(out, attributes, 2 * n);
	put_u16(out, 0);
}

void dwarf_put_abbrev(struct buf *out)
{
	const size_t n = ARRAY_SIZE(function_attributes);

	put_abbrev(out, ENTRY_UNIT, TAG_COMPILE_UNIT, unit_attributes, ARRAY_SIZE(unit_attributes));
	put_abbrev(out, ENTRY_FUNCTION, TAG_SUBPROGRAM, function_attributes, n - 2);
	put_abbrev(out, ENTRY_FUNCTION_DECLARED, TAG_SUBPROGRAM, function_attributes, n);
	put_uleb(out, 0);
}

/* ---- files ---- */

/* Programs have a few; who makes up thousands does without the others' lines. */
#define MAX_FILES 128

/* File @i of the table is number @i + 1. */
struct files {
	const char *names[MAX_FILES];
	u32 n;
};

/* The number of a file; 0: it is not in the table. */
static u32 file_number(const struct files *files, const char *name)
{
	for (u32 i = 0; i < files->n; i++)
		if (files->names[i] == name || !strcmp(files->names[i], name))
			return i + 1;
	return 0;
}

static void add_file(struct files *files, const char *name)
{
	if (files->n < MAX_FILES && !file_number(files, name))
		files->names[files->n++] = name;
}

/* Those of all functions, in the order of the code. */
static void find_files(struct buf *out, const struct prog *prog, const struct jit_image *image,
		       struct files *files)
{
	files->n = 0;
	for (u32 i = 0; i < image->func_cnt; i++) {
		struct jit_sources sources;

		if (jit_sources(prog, image, &image->funcs[i], &sources))
			out->failed = true;
		vec_each (&sources.at, source)
			add_file(files, source->file);
		vec_free(&sources.at, prog->obj.host->mem);
	}
}

/* ---- functions ---- */

static void put_function(struct buf *out, const struct prog *prog, const struct jit_image *image,
			 const struct jit_func *func, const struct files *files)
{
	const char *name = jit_function_name(prog, func->subprog);
	char symbol[JIT_SYMBOL_MAX];
	struct jit_sources sources;
	u32 file = 0;

	if (jit_sources(prog, image, func, &sources))
		out->failed = true;
	if (sources.at.len)
		file = file_number(files, sources.at.at[0].file);
	jit_symbol(prog, func->subprog, symbol);
	put_uleb(out, file ? ENTRY_FUNCTION_DECLARED : ENTRY_FUNCTION);
	put_string(out, name ? name : symbol);
	put_u64(out, ptr_to_u64(image->code + func->start));
	put_u64(out, func->end - func->start);
	put_uleb(out, 1);
	put_u8(out, OP_CALL_FRAME_CFA);
	if (file) {
		put_uleb(out, file);
		put_uleb(out, sources.at.at[0].line);
	}
	vec_free(&sources.at, prog->obj.host->mem);
}

void dwarf_put_info(struct buf *out, const struct prog *prog, const struct jit_image *image)
{
	size_t start = out->len;
	struct files files;

	find_files(out, prog, image, &files);
	put_u32(out, 0); /* length */
	put_u16(out, DWARF_VERSION);
	put_u32(out, 0); /* offset of the abbreviations */
	put_u8(out, sizeof(u64));
	put_uleb(out, ENTRY_UNIT);
	put_string(out, "anybpf");
	put_u8(out, LANGUAGE_C99);
	put_string(out, files.n ? files.names[0] : prog->name);
	put_u64(out, ptr_to_u64(image->code));
	put_u64(out, image->size);
	put_u32(out, 0); /* offset of the lines */
	for (u32 i = 0; i < image->func_cnt; i++)
		put_function(out, prog, image, &image->funcs[i], &files);
	put_uleb(out, 0); /* no more children */
	patch_length(out, start);
}

/* ---- lines ---- */

static void put_line_header(struct buf *out, const struct files *files)
{
	/* Operands of the standard operations; there are no others but extended ones. */
	static const u8 operands[] = {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
	size_t start;

	put_u16(out, DWARF_VERSION);
	start = out->len;
	put_u32(out, 0); /* length of the header */
	put_u8(out, 1);	 /* unit of advances */
	put_u8(out, 1);	 /* operations per instruction */
	put_u8(out, 1);	 /* rows are where statements begin */
	put_u8(out, 0);	 /* for special operations, which are not used */
	put_u8(out, 1);
	put_u8(out, ARRAY_SIZE(operands) + 1);
	buf_add(out, operands, sizeof(operands));
	put_u8(out, 0); /* no folders */
	for (u32 i = 0; i < files->n; i++) {
		put_string(out, files->names[i]);
		put_uleb(out, 0); /* folder, time and size: unknown */
		put_uleb(out, 0);
		put_uleb(out, 0);
	}
	put_u8(out, 0);
	patch_length(out, start);
}

static void put_extended(struct buf *out, u32 op, u32 size)
{
	put_u8(out, LNS_EXTENDED);
	put_uleb(out, size + 1);
	put_u8(out, op);
}

/* One sequence: the rows of a function. */
static void put_rows(struct buf *out, const struct jit_image *image, const struct jit_func *func,
		     struct jit_sources *sources, const struct files *files)
{
	u32 at = func->start, line = 1;

	put_extended(out, LNE_SET_ADDRESS, sizeof(u64));
	put_u64(out, ptr_to_u64(image->code + func->start));
	vec_each (&sources->at, source) {
		u32 file = file_number(files, source->file);

		if (!file)
			continue;
		put_u8(out, LNS_ADVANCE_PC);
		put_uleb(out, source->offset - at);
		put_u8(out, LNS_SET_FILE);
		put_uleb(out, file);
		put_u8(out, LNS_SET_COLUMN);
		put_uleb(out, source->column);
		put_u8(out, LNS_ADVANCE_LINE);
		put_sleb(out, (s64)source->line - line);
		put_u8(out, LNS_COPY);
		at = source->offset;
		line = source->line;
	}
	put_u8(out, LNS_ADVANCE_PC);
	put_uleb(out, func->end - at);
	put_extended(out, LNE_END_SEQUENCE, 0);
}

void dwarf_put_line(struct buf *out, const struct prog *prog, const struct jit_image *image)
{
	size_t start = out->len;
	struct files files;

	find_files(out, prog, image, &files);
	put_u32(out, 0); /* length */
	put_line_header(out, &files);
	for (u32 i = 0; i < image->func_cnt; i++) {
		struct jit_sources sources;

		if (jit_sources(prog, image, &image->funcs[i], &sources))
			out->failed = true;
		put_rows(out, image, &image->funcs[i], &sources, &files);
		vec_free(&sources.at, prog->obj.host->mem);
	}
	patch_length(out, start);
}
