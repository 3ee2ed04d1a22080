/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs into a file of code. Each is compiled on its own as it comes; at
 * last it is decided where everything stands, and the loads of addresses are
 * directed to the pool.
 */
#include <errno.h>
#include <string.h>

#include "base/version.h"
#include "helper/helper.h"
#include "jit/aot/aot.h"
#include "jit/aot/digest.h"
#include "jit/aot/elf.h"
#include "jit/compile.h"
#include "jit/report/report.h"
#include "jit/runtime.h"

struct aot_writer {
	const struct mem *mem;
	u32 features;
	struct aot_elf elf;
	VEC(struct aot_prog) progs; /* .text and .pool without the place of all code, all pools */
	struct buf tables;	    /* offsets in .progs count from its start until the end */
	struct buf strings;
	VEC(struct jit_pool_use) uses; /* counting from the start of all code, of all pools */
	u32 pool_cnt;
};

int aot_writer_new(const struct mem *mem, u32 features, struct aot_writer **writer)
{
	struct aot_writer *w;

	if (!jit_native)
		return -EOPNOTSUPP;
	w = mem_zalloc(mem, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->mem = mem;
	w->features = features;
	w->elf.target = jit_native;
	w->elf.mem = mem;
	buf_init(&w->elf.text, mem);
	buf_init(&w->elf.names, mem);
	buf_init(&w->elf.unwind, mem);
	buf_init(&w->tables, mem);
	buf_init(&w->strings, mem);
	buf_putc(&w->elf.names, 0);
	buf_putc(&w->strings, 0);
	*writer = w;
	return 0;
}

void aot_writer_free(struct aot_writer *w)
{
	if (!w)
		return;
	buf_free(&w->elf.text);
	buf_free(&w->elf.names);
	vec_free(&w->elf.symbols, w->mem);
	vec_free(&w->elf.funcs, w->mem);
	vec_free(&w->elf.frames, w->mem);
	buf_free(&w->elf.unwind);
	vec_free(&w->progs, w->mem);
	vec_free(&w->uses, w->mem);
	buf_free(&w->tables);
	buf_free(&w->strings);
	mem_free(w->mem, w);
}

/* ---- a program's tables ---- */

static u32 add_string(struct aot_writer *w, const char *text)
{
	u32 at = (u32)w->strings.len;

	buf_add(&w->strings, text, strlen(text) + 1);
	return at;
}

static struct aot_range begin_table(struct aot_writer *w, size_t cnt)
{
	buf_add_zero(&w->tables, -w->tables.len % 8);
	return (struct aot_range){(u32)w->tables.len, (u32)cnt};
}

static struct aot_range add_maps(struct aot_writer *w, const struct prog *prog)
{
	struct aot_range range = begin_table(w, prog->map_cnt);

	for (u32 i = 0; i < prog->map_cnt; i++) {
		struct aot_map map = aot_describe_map(prog->maps[i]);

		map.name = add_string(w, prog->maps[i]->desc.name);
		buf_add(&w->tables, &map, sizeof(map));
	}
	return range;
}

/* The name of the C function, or none. */
static const char *entry_name(const struct prog *prog, const struct jit_pooled *pooled)
{
	switch (pooled->kind) {
	case SYM_HELPER:
		return helper_protos[pooled->index].name;
	case SYM_RUNTIME:
		return jit_runtime[pooled->index].name;
	case SYM_KFUNC:
	case SYM_KFUNC_TYPE:
		return prog->kfunc_calls[pooled->index].name;
	default:
		return NULL;
	}
}

static struct aot_range add_entries(struct aot_writer *w, const struct prog *prog,
				    struct jit_code *code)
{
	struct aot_range range = begin_table(w, code->pool.len);

	vec_each (&code->pool, pooled) {
		const char *name = entry_name(prog, pooled);
		const struct aot_entry entry = {
			.kind = pooled->kind,
			.name = name ? add_string(w, name) : 0,
			.index = pooled->index,
			.addend = pooled->addend,
		};

		buf_add(&w->tables, &entry, sizeof(entry));
	}
	return range;
}

static struct aot_range add_fixups(struct aot_writer *w, struct jit_code *code)
{
	struct aot_range range = begin_table(w, code->fixups.len);

	vec_each (&code->fixups, f) {
		const struct aot_fixup fixup = {f->at, f->resume, f->zero_reg};

		buf_add(&w->tables, &fixup, sizeof(fixup));
	}
	return range;
}

static struct aot_range add_lines(struct aot_writer *w, struct jit_code *code)
{
	struct aot_range range = begin_table(w, code->lines.len);

	vec_each (&code->lines, l) {
		const struct aot_line line = {l->offset, l->pc};

		buf_add(&w->tables, &line, sizeof(line));
	}
	return range;
}

static struct aot_range add_funcs(struct aot_writer *w, struct jit_code *code)
{
	struct aot_range range = begin_table(w, code->funcs.len);

	vec_each (&code->funcs, f) {
		struct aot_func func = {f->subprog,    f->start,  f->end, f->prologue_end,
					f->frame_size, f->nsaved, {{0}}};

		for (u32 i = 0; i < f->nsaved; i++) {
			func.saved[i].dwarf_reg = f->saved[i].dwarf_reg;
			func.saved[i].cfa_offset = f->saved[i].cfa_offset;
		}
		buf_add(&w->tables, &func, sizeof(func));
	}
	return range;
}

static struct aot_range add_frames(struct aot_writer *w, struct jit_code *code)
{
	struct aot_range range = begin_table(w, code->frames.len);

	vec_each (&code->frames, f) {
		const struct aot_frame frame = {f->offset, f->depth, f->nsaved};

		buf_add(&w->tables, &frame, sizeof(frame));
	}
	return range;
}

static void describe(struct aot_writer *w, const struct prog *prog,
		     const struct jit_options *options, struct jit_code *code, struct aot_prog *p)
{
	*p = (struct aot_prog){
		.text_size = code_at(code),
		.name = add_string(w, prog->name),
		.type = prog->type,
		.attach_type = prog->expected_attach_type,
		.insn_cnt = prog->insn_cnt,
		.subprog_cnt = prog->subprog_cnt,
		.flags = (options->limited ? AOT_LIMITED : 0) | (options->blind ? AOT_BLIND : 0),
		.maps = add_maps(w, prog),
		.entries = add_entries(w, prog, code),
		.fixups = add_fixups(w, code),
		.lines = add_lines(w, code),
		.funcs = add_funcs(w, code),
		.frames = add_frames(w, code),
	};
	memcpy(p->tag, prog->tag, sizeof(p->tag));
	aot_digest_facts(prog, options, p->facts);
}

/* ---- a program ---- */

static bool add_symbols(struct aot_writer *w, const struct prog *prog, struct jit_code *code,
			u32 text)
{
	char name[JIT_SYMBOL_MAX];

	vec_each (&code->funcs, func) {
		struct aot_symbol symbol = {(u32)w->elf.names.len, text + func->start,
					    func->end - func->start};

		jit_symbol(prog, func->subprog, name);
		buf_add(&w->elf.names, name, strlen(name) + 1);
		if (!vec_push(&w->elf.symbols, w->mem, symbol))
			return false;
	}
	return true;
}

/* For .eh_frame, which is of all code. */
static bool add_unwinding(struct aot_writer *w, struct jit_code *code, u32 text)
{
	vec_each (&code->funcs, func) {
		struct jit_func moved = *func;

		moved.start += text;
		moved.end += text;
		moved.prologue_end += text;
		if (!vec_push(&w->elf.funcs, w->mem, moved))
			return false;
	}
	vec_each (&code->frames, frame) {
		struct jit_frame moved = *frame;

		moved.offset += text;
		if (!vec_push(&w->elf.frames, w->mem, moved))
			return false;
	}
	return true;
}

static bool add_uses(struct aot_writer *w, struct jit_code *code, u32 text)
{
	vec_each (&code->pool_uses, use) {
		struct jit_pool_use moved = {text + use->at, w->pool_cnt + use->entry};

		if (!vec_push(&w->uses, w->mem, moved))
			return false;
	}
	return true;
}

static int add_code(struct aot_writer *w, const struct prog *prog,
		    const struct jit_options *options, struct jit_code *code)
{
	struct aot_prog p;
	u32 text;

	while (w->elf.text.len % AOT_ALIGN && !w->elf.text.failed)
		buf_add(&w->elf.text, &jit_native->padding, 1);
	text = (u32)w->elf.text.len;
	describe(w, prog, options, code, &p);
	p.text = text;
	p.pool = 8ull * w->pool_cnt;
	buf_add(&w->elf.text, code->buf.data, code->buf.len);
	if (!add_symbols(w, prog, code, text) || !add_unwinding(w, code, text) ||
	    !add_uses(w, code, text) || !vec_push(&w->progs, w->mem, p))
		return -ENOMEM;
	w->pool_cnt += (u32)code->pool.len;
	return buf_error(&w->elf.text) | buf_error(&w->elf.names) | buf_error(&w->tables) |
	       buf_error(&w->strings);
}

int aot_writer_add(struct aot_writer *w, const struct prog *prog, const struct jit_options *options,
		   struct err *err)
{
	struct jit_options opts = *options;
	struct jit_unit unit;
	struct jit_code code = {.unit = &unit};
	int ret;

	opts.aot = true;
	opts.features = w->features;
	ret = unit_init(&unit, prog, &opts, jit_native, err);
	buf_init(&code.buf, w->mem);
	if (!ret)
		ret = jit_compile_unit(&unit, &code);
	if (!ret && w->elf.text.len + code.buf.len > INT32_MAX / 2)
		ret = err_set(err, -E2BIG, "machine code of more than 1 GiB");
	if (!ret)
		ret = add_code(w, prog, &opts, &code);
	code_free(&code);
	unit_free(&unit);
	return ret;
}

/* ---- the file ---- */

static u32 add_features(struct aot_writer *w)
{
	u32 at = (u32)w->strings.len;

	for (u32 i = 0; i < jit_native->feature_cnt; i++)
		if (w->features >> i & 1)
			buf_printf(&w->strings, " %s", jit_native->feature_names[i]);
	buf_putc(&w->strings, 0);
	return at;
}

static void link_pool(struct aot_writer *w)
{
	const struct aot_elf *elf = &w->elf;

	vec_each (&w->uses, use)
		elf->target->link_pool(elf->text.data + use->at, elf->text_at + use->at,
				       elf->pool_at + 8ull * use->entry);
}

static void digest(const void *data, size_t size, u8 out[SHA1_SIZE])
{
	struct sha1 s;

	sha1_init(&s);
	sha1_add(&s, data, size);
	sha1_final(&s, out);
}

/* Now that it is known where everything stands. */
static void finish_prog(struct aot_writer *w, struct aot_prog *p, u32 tables_at)
{
	struct aot_range *ranges[] = {&p->maps,	 &p->entries, &p->fixups,
				      &p->lines, &p->funcs,   &p->frames};

	for (u32 i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i]->off += tables_at;
	digest(w->elf.text.data + p->text, p->text_size, p->code);
	p->text += w->elf.text_at;
	p->pool += w->elf.pool_at;
}

static void put_info(struct aot_writer *w, struct aot_header *header, u8 *info)
{
	link_pool(w);
	vec_each (&w->progs, p)
		finish_prog(w, p, header->progs.off + (u32)(w->progs.len * sizeof(*p)));
	memcpy(info, header, sizeof(*header));
	memcpy(info + header->progs.off, w->progs.at, w->progs.len * sizeof(*w->progs.at));
	memcpy(info + header->progs.off + w->progs.len * sizeof(*w->progs.at), w->tables.data,
	       w->tables.len);
	memcpy(info + header->strings.off, w->strings.data, w->strings.len);
	digest(info + AOT_SUMMED_FROM, header->size - AOT_SUMMED_FROM,
	       ((struct aot_header *)(void *)info)->checksum);
}

static int write_file(struct aot_writer *w, struct aot_header *header, struct buf *out,
		      struct err *err)
{
	u8 *info = mem_zalloc(w->mem, header->size);
	int ret;

	if (!info)
		return -ENOMEM;
	w->elf.info_size = header->size;
	w->elf.pool_size = 8ull * w->pool_cnt;
	ret = aot_elf_place(&w->elf, err);
	if (!ret) {
		put_info(w, header, info);
		ret = aot_elf_write(&w->elf, info, out);
	}
	mem_free(w->mem, info);
	return ret;
}

int aot_writer_finish(struct aot_writer *w, struct buf *out, struct err *err)
{
	size_t progs = w->progs.len * sizeof(*w->progs.at);
	struct aot_header header = {
		.magic = AOT_MAGIC,
		.format = AOT_FORMAT,
		.version = add_string(w, LIBRARY_VERSION),
		.machine = add_string(w, jit_native->name),
		.features = add_features(w),
		.progs = {ROUND_UP((u32)sizeof(header), 8u), (u32)w->progs.len},
	};

	buf_add_zero(&w->tables, -w->tables.len % 8);
	if (buf_error(&w->strings) || buf_error(&w->tables))
		return -ENOMEM;
	if (progs + w->tables.len + w->strings.len > INT32_MAX / 2)
		return err_set(err, -E2BIG, "a description of more than 1 GiB");
	aot_digest_abi(header.abi);
	header.strings.off = header.progs.off + (u32)(progs + w->tables.len);
	header.strings.cnt = (u32)w->strings.len;
	header.size = header.strings.off + header.strings.cnt;
	return write_file(w, &header, out, err);
}
