/* SPDX-License-Identifier: BSD-2-Clause */
/* The user engine that the cases are given to: one host, which forks with the process. */
#include "base/mem.h"
#include "object/host.h"
#include "sys/engine.h"
#include "user.h"

static struct engine *engine;

int user_open(const char *btf)
{
	struct host_options options;
	struct btf_object *vmlinux;
	struct host *host;
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
	return err ? err : engine_user_new(host, &engine);
}

void user_drop_privileges(void)
{
	engine_user_host(engine)->caps = 0;
}

int user_bpf(int cmd, void *attr, unsigned int size)
{
	return engine_bpf(engine, (enum bpf_cmd)cmd, attr, size);
}

void user_close(int handle)
{
	engine->ops->close(engine, handle);
}
