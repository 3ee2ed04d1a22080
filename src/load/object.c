/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects: opening, preparing, loading, closing; finding what is in them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "load/object.h"

int object_fail(struct anybpf_object *obj, int code, const char *fmt, ...)
{
	struct err *err = &obj->ctx->err;
	va_list args;

	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	err->code = code;
	err_prefix(err, "%s", obj->name);
	return code;
}

/* As libbpf: the file's name up to the first dot. */
static void set_name(struct anybpf_object *obj, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	snprintf(obj->name, sizeof(obj->name), "%.*s", (int)strcspn(base, "."), base);
}

static bool *referenced_funcs(const struct anybpf_object *obj)
{
	const struct spec *spec = obj->spec;
	bool *referenced = mem_zalloc_array(obj->ctx->mem, spec->func_cnt + 1, sizeof(bool));

	for (u32 i = 0; referenced && i < spec->func_cnt; i++) {
		for (u32 k = 0; k < spec->funcs[i].reloc_cnt; k++) {
			const struct spec_reloc *reloc = &spec->funcs[i].relocs[k];

			if (reloc->kind == RELOC_CALL || reloc->kind == RELOC_SUBPROG_ADDR)
				referenced[reloc->target] = true;
		}
	}
	return referenced;
}

/*
 * Entry programs: functions in sections that name a program type. A global
 * function of another section that nobody calls is meant to be one too; its
 * loading then says that the section's name is not known.
 */
static bool is_entry(const struct spec_func *func, bool referenced)
{
	if (func->def)
		return true;
	return func->is_global && strcmp(func->section, ".text") && !referenced;
}

static int init_programs(struct anybpf_object *obj)
{
	const struct spec *spec = obj->spec;
	bool *referenced = referenced_funcs(obj);

	obj->progs = arena_zalloc_array(&obj->arena, spec->func_cnt, sizeof(*obj->progs));
	obj->prog_of_func =
		arena_zalloc_array(&obj->arena, spec->func_cnt, sizeof(*obj->prog_of_func));
	if (!referenced || !obj->progs || !obj->prog_of_func) {
		mem_free(obj->ctx->mem, referenced);
		return -ENOMEM;
	}
	for (u32 i = 0; i < spec->func_cnt; i++) {
		obj->prog_of_func[i] = -1;
		if (!is_entry(&spec->funcs[i], referenced[i]))
			continue;
		obj->prog_of_func[i] = (s32)obj->prog_cnt;
		program_init(&obj->progs[obj->prog_cnt++], obj, &spec->funcs[i]);
	}
	mem_free(obj->ctx->mem, referenced);
	return 0;
}

static int init_maps(struct anybpf_object *obj)
{
	obj->maps = arena_zalloc_array(&obj->arena, obj->spec->map_cnt, sizeof(*obj->maps));
	if (!obj->maps)
		return -ENOMEM;
	for (u32 i = 0; i < obj->spec->map_cnt; i++)
		map_init(&obj->maps[i], obj, &obj->spec->maps[i]);
	obj->map_cnt = obj->spec->map_cnt;
	return 0;
}

/* Takes over @spec, also on failure. */
static int object_new(struct anybpf *ctx, struct spec *spec, const char *name,
		      struct anybpf_object **out)
{
	struct anybpf_object *obj = mem_zalloc(ctx->mem, sizeof(*obj));
	int ret = -ENOMEM;

	if (obj) {
		obj->ctx = ctx;
		obj->spec = spec;
		obj->btf_fd = -1;
		arena_init(&obj->arena, ctx->mem);
		set_name(obj, name);
		ret = init_maps(obj);
		if (!ret)
			ret = init_programs(obj);
	}
	if (!ret) {
		*out = obj;
		return 0;
	}
	err_set(&ctx->err, ret, "%s: out of memory", name);
	if (obj)
		anybpf_object_close(obj);
	else
		spec_free(spec);
	return ret;
}

int anybpf_object_open(struct anybpf *ctx, const char *path, struct anybpf_object **object)
{
	struct spec *spec;
	int ret = spec_parse_file(ctx->mem, path, &spec, &ctx->err);

	*object = NULL;
	return ret ? ret : object_new(ctx, spec, path, object);
}

int anybpf_object_open_mem(struct anybpf *ctx, const void *data, size_t size, const char *name,
			   struct anybpf_object **object)
{
	struct spec *spec;
	int ret = spec_parse(ctx->mem, data, size, name, &spec, &ctx->err);

	*object = NULL;
	return ret ? ret : object_new(ctx, spec, name, object);
}

void anybpf_object_close(struct anybpf_object *obj)
{
	struct engine *engine;

	if (!obj)
		return;
	engine = obj->ctx->engine;
	for (u32 i = 0; i < obj->prog_cnt; i++)
		program_destroy(&obj->progs[i]);
	for (u32 i = 0; i < obj->map_cnt; i++)
		map_exit(&obj->maps[i]);
	if (obj->btf_fd >= 0)
		engine->ops->close(engine, obj->btf_fd);
	spec_free(obj->spec);
	arena_free(&obj->arena);
	mem_free(obj->ctx->mem, obj);
}

/* The last line of a log, without its newline. */
static const char *last_line(char *log)
{
	size_t len = strlen(log);
	char *line;

	while (len && log[len - 1] == '\n')
		log[--len] = 0;
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

/* Asks again with a log, for the message. */
static int explain_btf(struct anybpf_object *obj, union bpf_attr *attr, int code)
{
	static const u32 size = 65536;
	char *log = mem_zalloc(obj->ctx->mem, size);

	if (log) {
		attr->btf_log_buf = ptr_to_u64(log);
		attr->btf_log_size = size;
		attr->btf_log_level = 1;
		engine_bpf(obj->ctx->engine, BPF_BTF_LOAD, attr, sizeof(*attr));
	}
	object_fail(obj, code, "its BTF is refused: %s%s%s", strerror(-code),
		    log && *log ? ": " : "", log ? last_line(log) : "");
	mem_free(obj->ctx->mem, log);
	return code;
}

static int load_btf(struct anybpf_object *obj)
{
	struct engine *engine = obj->ctx->engine;
	union bpf_attr attr = {0};
	u32 size;
	int fd;

	if (!obj->spec->btf || obj->btf_fd >= 0)
		return 0;
	attr.btf = ptr_to_u64(btf_raw(obj->spec->btf, &size));
	attr.btf_size = size;
	fd = engine_bpf(engine, BPF_BTF_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		obj->btf_fd = fd;
	else if (engine_user_host(engine))
		return explain_btf(obj, &attr, fd);
	/* Old kernels know fewer kinds of BTF, and do without it as libbpf does. */
	return 0;
}

int object_prepare(struct anybpf_object *obj)
{
	int ret;

	if (obj->prepared)
		return 0;
	if (obj->spec->big_endian != HOST_BIG_ENDIAN)
		return object_fail(obj, -EOPNOTSUPP,
				   "a %s-endian object cannot be loaded on this %s-endian machine",
				   obj->spec->big_endian ? "big" : "little",
				   HOST_BIG_ENDIAN ? "big" : "little");
	if (obj->ctx->code_err.code) {
		obj->ctx->err = obj->ctx->code_err;
		return obj->ctx->err.code;
	}
	ret = load_btf(obj);
	if (!ret)
		ret = map_create_all(obj);
	obj->prepared = !ret;
	return ret;
}

int anybpf_object_load(struct anybpf_object *obj)
{
	int ret = object_prepare(obj);

	for (u32 i = 0; i < obj->prog_cnt && !ret; i++) {
		if (obj->progs[i].autoload && obj->progs[i].fd < 0)
			ret = object_load_program(&obj->progs[i], 0);
	}
	return ret ? ret : object_fill_prog_arrays(obj);
}

struct anybpf_program *anybpf_object_find_program(const struct anybpf_object *obj, const char *name)
{
	for (u32 i = 0; i < obj->prog_cnt; i++) {
		if (!strcmp(obj->progs[i].spec->name, name))
			return &obj->progs[i];
	}
	return NULL;
}

struct anybpf_program *anybpf_object_next_program(const struct anybpf_object *obj,
						  const struct anybpf_program *prev)
{
	u32 i = prev ? (u32)(prev - obj->progs) + 1 : 0;

	return i < obj->prog_cnt ? &obj->progs[i] : NULL;
}

struct anybpf_map *anybpf_object_find_map(const struct anybpf_object *obj, const char *name)
{
	for (u32 i = 0; i < obj->map_cnt; i++) {
		if (!strcmp(obj->maps[i].spec->name, name) || !strcmp(obj->maps[i].name, name))
			return &obj->maps[i];
	}
	return NULL;
}

struct anybpf_map *anybpf_object_next_map(const struct anybpf_object *obj,
					  const struct anybpf_map *prev)
{
	u32 i = prev ? (u32)(prev - obj->maps) + 1 : 0;

	return i < obj->map_cnt ? &obj->maps[i] : NULL;
}
