/* SPDX-License-Identifier: BSD-2-Clause */
/* What test runs of programs of control groups share. */
#include "hook/cgroup_test.h"

#include "kernel/sock.h"

int group_test_ctx(const union bpf_attr *attr, void *ctx, u32 size, bool data)
{
	bool used;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.flags || attr->test.cpu || attr->test.batch_size)
		return -EINVAL;
	if (!data && (attr->test.data_in || attr->test.data_out || attr->test.data_size_in ||
		      attr->test.data_size_out))
		return -EINVAL;
	if (attr->test.data_size_in > TEST_PAGE)
		return -EINVAL;
	return test_copy_ctx(attr, ctx, size, &used);
}

int group_test_repeat(struct host *host, const struct prog *prog, void *ctx, union bpf_attr *attr,
		      s32 *sysret)
{
	u32 retval = 0, duration = 0;
	int error = test_repeat_in_group(host, prog, ctx, attr->test.repeat, sysret, &retval,
					 &duration);

	attr->test.retval = retval;
	attr->test.duration = duration;
	return error;
}

int group_test_sock(struct host *host, u32 family, u32 type, u32 protocol, struct sock **sk)
{
	struct sock_spec spec = {
		.family = (u16)family,
		.type = (u16)type,
		.protocol = (u16)protocol,
	};

	return sock_create(host, &spec, sk);
}
