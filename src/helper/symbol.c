/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of the host's kernel: the functions that programs may call, and its
 * variables. Their addresses are those of this process. Also its types, by
 * which memory is printed.
 */
#include <string.h>

#include "btf/show.h"
#include "helper/kfunc_functions.h"
#include "kernel/vars.h"
#include "object/btf_object.h"

u64 kernel_symbol(struct host *host, const char *name)
{
	enum kfunc_id id = kfunc_id_by_name(name);
	const struct kfunc_row *row = kfunc_row_by_id(id);

	if (row)
		return (u64)(uintptr_t)row->fn;
	return ptr_to_u64(kernel_var(host, name));
}

/* Whether a program has given a name with its terminator. */
static bool is_name(const char *name, u32 size)
{
	return size > 1 && !name[size - 1];
}

DEFINE_HELPER(helper_kallsyms_lookup_name)
{
	u64 *addr = u64_to_ptr(r4);
	const char *name = u64_to_ptr(r1);

	*addr = 0;
	if ((u32)r3 || !is_name(name, (u32)r2))
		return helper_error(-EINVAL);
	*addr = kernel_symbol(run->host, name);
	return *addr ? 0 : helper_error(-ENOENT);
}

DEFINE_HELPER(helper_btf_find_by_name_kind)
{
	const char *name = u64_to_ptr(r1);
	struct btf_object *vmlinux;

	if ((u32)r4 || !is_name(name, (u32)r2) || (u32)r3 >= BTF_KINDS)
		return helper_error(-EINVAL);
	if (host_vmlinux(run->host, &vmlinux))
		return helper_error(-ENOENT);
	return helper_error(btf_find(vmlinux->btf, (enum btf_kind)r3, name));
}

DEFINE_HELPER(helper_snprintf_btf)
{
	const struct btf_ptr *what = u64_to_ptr(r3);
	const struct environment *env = &run->host->env;
	const struct btf_memory memory = {env->read_memory, env->ctx, ptr_to_u64(what->ptr)};
	struct btf_object *vmlinux;

	if (r5 & ~(u64)BTF_SHOW_FLAGS || (u32)r4 != sizeof(*what))
		return helper_error(-EINVAL);
	/* Another kernel's types say nothing of what is in memory here. */
	if (!host_types_are_own(run->host) || host_vmlinux(run->host, &vmlinux))
		return helper_error(-EOPNOTSUPP);
	if (!what->type_id || what->type_id > INT32_MAX)
		return helper_error(-EINVAL);
	if (what->type_id >= btf_type_cnt(vmlinux->btf))
		return helper_error(-ENOENT);
	return (u64)btf_show(vmlinux->btf, what->type_id, &memory, (u32)r5, u64_to_ptr(r1),
			     (u32)r2);
}
