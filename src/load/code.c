/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs compiled ahead of time: making files of code, and naming those that programs use. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "jit/aot/aot.h"
#include "load/object.h"

/* ---- taking code from files ---- */

static int open_code(struct anybpf *ctx, const char *path, size_t len)
{
	char *name = mem_zalloc(ctx->mem, len + 1);
	struct aot_file *file;
	int ret;

	if (!name)
		return err_set(&ctx->code_err, -ENOMEM, "out of memory");
	memcpy(name, path, len);
	ret = aot_open(ctx->mem, name, &file, &ctx->code_err);
	if (!ret)
		ctx->code = aot_chain(file, ctx->code);
	mem_free(ctx->mem, name);
	return ret;
}

void code_open(struct anybpf *ctx)
{
	/* Code that is run: who starts a program with more rights must not name it. */
	const char *paths = ctx->opts.aot ? ctx->opts.aot : secure_getenv("ANYBPF_AOT");
	struct host *host = engine_user_host(ctx->engine);

	if (!paths || host->interpret || host->verify_only)
		return;
	while (*paths && !ctx->code_err.code) {
		size_t len = strcspn(paths, ":");

		if (len)
			open_code(ctx, paths, len);
		paths += len + (paths[len] == ':');
	}
	host->jit.files = ctx->code;
}

/* ---- making a file ---- */

static int check_compilable(struct anybpf_object *obj)
{
	const struct host *host = engine_user_host(obj->ctx->engine);
	u32 cnt = 0;

	if (!host || host->verify_only || host->interpret)
		return object_fail(obj, -EOPNOTSUPP,
				   "programs are compiled by the user engine with its compiler on");
	for (u32 i = 0; i < obj->prog_cnt; i++) {
		if (obj->progs[i].fd >= 0)
			return object_fail(obj, -EBUSY, "program \"%s\" is loaded already",
					   obj->progs[i].spec->name);
		cnt += obj->progs[i].autoload;
	}
	return cnt ? 0 : object_fail(obj, -ENOENT, "there is no program to compile");
}

static int write_code(struct anybpf_object *obj, struct aot_writer *writer, const char *path)
{
	struct err err = {0};
	struct buf file;
	int ret;

	buf_init(&file, obj->ctx->mem);
	ret = aot_writer_finish(writer, &file, &err);
	if (ret)
		object_fail(obj, ret, "%s", err.code ? err.text : strerror(-ret));
	else
		ret = os_write_file(path, file.data, file.len);
	if (ret && !err.code)
		object_fail(obj, ret, "%s: %s", path, strerror(-ret));
	buf_free(&file);
	return ret;
}

/* Programs that load are compiled on the way. */
static int compile(struct anybpf_object *obj, struct aot_writer *writer, const char *path)
{
	struct host *host = engine_user_host(obj->ctx->engine);
	int ret;

	host->jit.writer = writer;
	ret = anybpf_object_load(obj);
	host->jit.writer = NULL;
	return ret ? ret : write_code(obj, writer, path);
}

int anybpf_object_compile(struct anybpf_object *obj, const char *path, const char *cpu)
{
	struct aot_writer *writer = NULL;
	struct err err = {0};
	u32 features = 0;
	int ret = check_compilable(obj);

	if (ret)
		return ret;
	ret = aot_features_parse(cpu ? cpu : "native", &features, &err);
	if (ret)
		return object_fail(obj, ret, "%s", err.text);
	ret = aot_writer_new(obj->ctx->mem, features, &writer);
	if (ret)
		return object_fail(obj, ret, "%s", strerror(-ret));
	ret = compile(obj, writer, path);
	aot_writer_free(writer);
	return ret;
}
