/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an object takes from the kernel that it is for, by name in the
 * kernel's BTF: kernel functions, and what programs attach to.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "load/object.h"
#include "object/btf_object.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* The running kernel's, for its engine; read once, also when that fails. */
static const struct btf *kernel_btf(struct anybpf *ctx)
{
	size_t size;
	void *data;

	if (ctx->kernel_btf || ctx->kernel_btf_missing)
		return ctx->kernel_btf;
	ctx->kernel_btf_missing = true;
	if (os_read_file(ctx->mem, KERNEL_BTF, &data, &size))
		return NULL;
	if (btf_parse(ctx->mem, data, size, NULL, &ctx->kernel_btf, NULL, NULL))
		ctx->kernel_btf = NULL;
	mem_free(ctx->mem, data);
	return ctx->kernel_btf;
}

static const struct btf *find_btf(struct anybpf *ctx)
{
	struct host *host = engine_user_host(ctx->engine);
	struct btf_object *btf;

	if (ctx->opts.engine == ANYBPF_ENGINE_KERNEL)
		return kernel_btf(ctx);
	if (!host || host_vmlinux(host, &btf))
		return NULL;
	return btf->btf;
}

s32 vmlinux_find(struct anybpf *ctx, enum btf_kind kind, const char *prefix, const char *name)
{
	const struct btf *btf = find_btf(ctx);
	char full[256];

	if (!btf || snprintf(full, sizeof(full), "%s%s", prefix, name) >= (int)sizeof(full))
		return -ENOENT;
	return btf_find(btf, kind, full);
}

/* How what a program attaches to is called in the kernel's BTF. */
static bool attach_name(const struct anybpf_program *prog, enum btf_kind *kind, const char **prefix)
{
	*kind = BTF_KIND_FUNC;
	*prefix = "";
	if (prog->type == BPF_PROG_TYPE_LSM) {
		*prefix = "bpf_lsm_";
		return true;
	}
	switch (prog->attach_type) {
	case BPF_TRACE_RAW_TP:
		*kind = BTF_KIND_TYPEDEF;
		*prefix = "btf_trace_";
		break;
	case BPF_TRACE_ITER:
		*prefix = "bpf_iter_";
		break;
	default:
		break;
	}
	return prog->type == BPF_PROG_TYPE_TRACING;
}

int anybpf_program_set_attach_target(struct anybpf_program *prog,
				     const struct anybpf_program *target, const char *func)
{
	const struct btf *btf = target->object->spec->btf;
	const char *name = func ? func : prog->spec->attach_target;
	s32 id = btf && name ? btf_find(btf, BTF_KIND_FUNC, name) : -ENOENT;

	if (prog->fd >= 0)
		return object_fail(prog->object, -EBUSY, "program \"%s\" is loaded already",
				   prog->spec->name);
	if (target->fd < 0)
		return object_fail(prog->object, -EINVAL, "program \"%s\" is not loaded",
				   target->spec->name);
	if (id < 0)
		return object_fail(prog->object, -ENOENT,
				   "program \"%s\" has no function \"%s\" in its type information",
				   target->spec->name, name ? name : "");
	prog->attach_prog_fd = target->fd;
	prog->attach_btf_id = (u32)id;
	return 0;
}

int program_find_target(struct anybpf_program *prog)
{
	const char *prefix, *target = prog->spec->attach_target;
	enum btf_kind kind;
	s32 id;

	if (!target || !attach_name(prog, &kind, &prefix))
		return -ENOENT;
	id = vmlinux_find(prog->object->ctx, kind, prefix, target);
	if (id <= 0)
		return -ENOENT;
	prog->attach_btf_id = (u32)id;
	return 0;
}
