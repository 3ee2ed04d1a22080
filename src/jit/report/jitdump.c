/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf's jitdump format (tools/perf/Documentation/jitdump-specification.txt):
 * records that `perf inject --jit` makes object files from, so that perf
 * annotate shows machine code and lines of C, and perf report -g stacks. perf
 * finds the file because a page of it is mapped as code; times are those of
 * CLOCK_MONOTONIC: record with `perf record -k mono`.
 */
#include <stdio.h>
#include <time.h>

#include "base/os.h"
#include "jit/report/eh_frame.h"
#include "jit/report/process.h"
#include "jit/report/report.h"

#define DUMP_MAGIC   0x4a695444u /* "JiTD" in the machine's order */
#define DUMP_VERSION 1

enum dump_record { CODE_LOAD = 0, CODE_DEBUG_INFO = 2, CODE_UNWINDING_INFO = 4 };

struct dump_header {
	u32 magic, version, total_size, elf_machine, pad, pid;
	u64 timestamp, flags;
};

struct dump_prefix {
	u32 id, total_size;
	u64 timestamp;
};

struct dump_load {
	struct dump_prefix prefix;
	u32 pid, tid;
	u64 vma, code_addr, code_size, code_index;
};

struct dump_debug {
	struct dump_prefix prefix;
	u64 code_addr, entries;
};

struct dump_line {
	u64 addr;
	u32 line, discriminator;
};

struct dump_unwinding {
	struct dump_prefix prefix;
	u64 size, hdr_size, mapped_size;
};

static u64 now(void)
{
	return os_clock_ns(CLOCK_MONOTONIC);
}

/* ---- lines ---- */

/* Those of one function; records come before the code that they are about. */
static int put_lines(struct buf *out, const struct prog *prog, const struct jit_image *image,
		     const struct jit_func *func)
{
	struct dump_debug debug = {.prefix = {.id = CODE_DEBUG_INFO, .timestamp = now()},
				   .code_addr = ptr_to_u64(image->code + func->start)};
	struct jit_sources sources;
	size_t start = out->len;
	int ret = jit_sources(prog, image, func, &sources);

	if (ret || !sources.at.len)
		return ret;
	buf_add(out, &debug, sizeof(debug));
	vec_each (&sources.at, source) {
		struct dump_line entry = {.addr = ptr_to_u64(image->code + source->offset),
					  .line = source->line};

		buf_add(out, &entry, sizeof(entry));
		buf_add(out, source->file, strlen(source->file) + 1);
	}
	debug.prefix.total_size = (u32)(out->len - start);
	debug.entries = sources.at.len;
	if (!out->failed)
		memcpy(out->data + start, &debug, sizeof(debug));
	vec_free(&sources.at, prog->obj.host->mem);
	return 0;
}

/* ---- frames ---- */

/* In the file that perf makes they stand behind the function, 8 byte aligned; the header's size. */
static size_t make_frames(struct buf *out, const struct jit_image *image,
			  const struct jit_func *func)
{
	const struct eh_frame frame = {
		.target = jit_native,
		.frames = image->frames,
		.frame_cnt = image->frame_cnt,
		.relative = true,
		.at = func->start + ROUND_UP(func->end - func->start, 8u),
	};
	size_t size;

	eh_frame_put(out, &frame, func, 1);
	size = out->len;
	eh_frame_hdr_put(out, &frame, func, size);
	return out->len - size;
}

/*
 * One of the ways in which perf unwinds reads them where they would be mapped
 * behind the code, which must not be another function's.
 */
void jitdump_leave_room(struct jit_code *code)
{
	const struct jit_unit *unit = code->unit;
	size_t room;

	if (!(unit->prog->obj.host->jit.report & BIT(JIT_REPORT_JITDUMP)) || unit->aot)
		return;
	room = eh_frame_most(code->frames.at, (u32)code->frames.len,
			     &code->funcs.at[code->funcs.len - 1]);
	while (room--)
		buf_putc(&code->buf, (char)unit->target->padding);
}

/* Bytes from a function's end to the next one, or to the end of the pages. */
static size_t room_behind(const struct jit_image *image, u32 i)
{
	u32 end = image->funcs[i].end;

	if (i + 1 < image->func_cnt)
		return image->funcs[i + 1].start - end;
	return image->pages - (size_t)(image->code - image->base) - end;
}

static void put_frames(struct buf *out, const struct jit_image *image, u32 i, const struct mem *mem)
{
	struct dump_unwinding unwinding = {
		.prefix = {.id = CODE_UNWINDING_INFO, .timestamp = now()}};
	struct buf section;

	buf_init(&section, mem);
	unwinding.hdr_size = make_frames(&section, image, &image->funcs[i]);
	unwinding.size = section.len;
	unwinding.mapped_size = section.len + 8 <= room_behind(image, i) ? section.len : 0;
	unwinding.prefix.total_size = (u32)(sizeof(unwinding) + section.len);
	out->failed |= section.failed;
	if (!section.failed) {
		buf_add(out, &unwinding, sizeof(unwinding));
		buf_add(out, section.data, section.len);
	}
	buf_free(&section);
}

/* ---- code ---- */

static void put_code(struct buf *out, const struct prog *prog, const struct jit_image *image,
		     const struct jit_func *func)
{
	struct dump_load load = {
		.prefix = {.id = CODE_LOAD, .timestamp = now()},
		.pid = os_process_id(),
		.tid = os_thread_id(),
		.vma = ptr_to_u64(image->code + func->start),
		.code_addr = ptr_to_u64(image->code + func->start),
		.code_size = func->end - func->start,
		.code_index = process_dump_index(),
	};
	char name[JIT_SYMBOL_MAX];

	jit_symbol(prog, func->subprog, name);
	load.prefix.total_size = (u32)(sizeof(load) + strlen(name) + 1 + load.code_size);
	buf_add(out, &load, sizeof(load));
	buf_add(out, name, strlen(name) + 1);
	buf_add(out, image->code + func->start, load.code_size);
}

int jitdump_add(const struct prog *prog, const struct jit_image *image, void **own __unused,
		struct err *err)
{
	const struct dump_header header = {
		.magic = DUMP_MAGIC,
		.version = DUMP_VERSION,
		.total_size = sizeof(header),
		.elf_machine = jit_native->elf_machine,
		.pid = os_process_id(),
		.timestamp = now(),
	};
	const struct mem *mem = prog->obj.host->mem;
	struct buf out;
	char path[64];
	int ret = 0;

	buf_init(&out, mem);
	for (u32 i = 0; i < image->func_cnt && !ret; i++) {
		const struct jit_func *func = &image->funcs[i];

		ret = put_lines(&out, prog, image, func);
		put_frames(&out, image, i, mem);
		put_code(&out, prog, image, func);
	}
	snprintf(path, sizeof(path), "/tmp/jit-%u.dump", os_process_id());
	if (!ret)
		ret = buf_error(&out);
	if (!ret)
		ret = process_dump(path, &header, sizeof(header), out.data, out.len);
	buf_free(&out);
	return ret ? err_set(err, ret, "%s: %s", path, strerror(-ret)) : 0;
}
