/* SPDX-License-Identifier: BSD-2-Clause */
/* make-captures DIR OBJECT...: captures of all programs of object files, for the fuzzer. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "anybpf/anybpf.h"
#include "capture.h"
#include "load/object.h"

/* Whether its programs load does not matter here. */
static int capture_object(const char *path, const char *dir)
{
	ANYBPF_OPTS(anybpf_options, opts, .verify_only = true);
	struct anybpf_object *object;
	struct engine *engine;
	struct anybpf *ctx;

	if (anybpf_new(&opts, &ctx))
		return 1;
	engine = capture_engine(ctx->engine, dir);
	if (!engine)
		return 1;
	ctx->engine = engine;
	if (!anybpf_object_open(ctx, path, &object)) {
		(void)anybpf_object_load(object);
		anybpf_object_close(object);
	}
	anybpf_free(ctx);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2 || (mkdir(argv[1], 0777) && errno != EEXIST))
		return 2;
	for (int i = 2; i < argc && !failed; i++)
		failed = capture_object(argv[i], argv[1]);
	return failed;
}
