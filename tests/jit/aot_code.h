/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: programs that get their code by way of a file. */
#ifndef ANYBPF_TESTS_JIT_AOT_CODE_H
#define ANYBPF_TESTS_JIT_AOT_CODE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os.h"
#include "jit/aot/aot.h"

/* A file of its own with the bytes; to be unlinked. */
static inline int aot_temporary(const struct buf *bytes, char path[64])
{
	int fd, ret;

	snprintf(path, 64, "/tmp/anybpf-test-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -errno;
	ret = os_write(fd, bytes->data, bytes->len);
	os_close(fd);
	return ret;
}

/* The file with one program, for this processor. */
static inline int aot_make(struct prog *prog, const struct jit_options *options, u32 features,
			   struct buf *out, struct err *err)
{
	struct aot_writer *writer;
	int ret = aot_writer_new(prog->obj.host->mem, features, &writer);

	if (ret)
		return ret;
	ret = aot_writer_add(writer, prog, options, err);
	if (!ret)
		ret = aot_writer_finish(writer, out, err);
	aot_writer_free(writer);
	return ret;
}

static inline int aot_load_bytes(struct prog *prog, const struct jit_options *options,
				 const struct buf *bytes, struct err *err)
{
	struct aot_file *file;
	char path[64];
	int ret;

	ret = aot_temporary(bytes, path);
	if (!ret)
		ret = aot_open(prog->obj.host->mem, path, &file, err);
	if (!ret) {
		ret = aot_load(file, prog, options, err);
		aot_close(file);
	}
	unlink(path);
	return ret;
}

/* jit_compile() that goes through a file. */
static inline int aot_compile(struct prog *prog, const struct jit_options *options, struct err *err)
{
	static const struct jit_options defaults = {.passes = JIT_PASSES_ALL};
	u32 features = 0;
	struct buf bytes;
	int ret;

	if (!options)
		options = &defaults;
	buf_init(&bytes, prog->obj.host->mem);
	ret = aot_features_parse("native", &features, err);
	if (!ret)
		ret = aot_make(prog, options, features & ~options->features_off, &bytes, err);
	if (!ret)
		ret = aot_load_bytes(prog, options, &bytes, err);
	buf_free(&bytes);
	return ret;
}

#endif
