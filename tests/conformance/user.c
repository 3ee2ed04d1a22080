/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user engine that the cases are given to: one host, which forks with the
 * process. With ANYBPF_CAPTURE=DIR in the environment each PROG_LOAD is written
 * there, as seeds for the fuzzer of programs.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "capture.h"
#include "object/host.h"
#include "sys/engine.h"
#include "user.h"

static struct engine *engine;
static struct host *host;

int user_open(const char *btf)
{
	struct host_options options;
	const char *capture = getenv("ANYBPF_CAPTURE");
	struct btf_object *vmlinux;
	int err;

	host_options_init(&options);
	options.verify_only = true;
	options.unprivileged_bpf_disabled = false;
	options.interpret = true;
	options.vmlinux = btf;
	err = host_new(&options, &host);
	if (err)
		return err;
	err = host_vmlinux(host, &vmlinux);
	if (!err)
		err = engine_user_new(host, &engine);
	if (err || !capture)
		return err;
	engine = capture_engine(engine, capture);
	return engine ? 0 : -ENOMEM;
}

void user_drop_privileges(void)
{
	host->caps = 0;
}

int user_bpf(int cmd, void *attr, unsigned int size)
{
	return engine_bpf(engine, (enum bpf_cmd)cmd, attr, size);
}

void user_close(int handle)
{
	engine->ops->close(engine, handle);
}
