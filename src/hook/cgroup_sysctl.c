/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel parameters that a control group's tasks read and write. The data of a
 * test run are up to three strings with their terminators: the parameter's name
 * ("net/ipv4/tcp_mem"), its value, and what is being written to it. What comes
 * out is the value that is then written or read.
 */
#include <string.h>

#include "helper/sysctl.h"
#include "hook/cgroup_test.h"
#include "hook/rules.h"

static const struct ctx_field fields[] = {
	RULE_FIELD(bpf_sysctl, write, CTX_READ | CTX_NARROW),
	RULE_FIELD(bpf_sysctl, file_pos, CTX_READ | CTX_WRITE | CTX_NARROW),
};

static const struct ret_rule rets[] = {RET_BOOL};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_CGROUP_SYSCTL,
	.name = "cgroup_sysctl",
	.ctx_name = "bpf_sysctl",
	.ctx_size = sizeof(struct bpf_sysctl),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
	.rets = rets,
	.ret_cnt = ARRAY_SIZE(rets),
};

struct test {
	struct sysctl sysctl;
	char data[TEST_PAGE + 1]; /* with a terminator */
};

/* The string at @at, and where the next one begins; NULL behind the last. */
static const char *take_string(const struct test *test, u32 size, u32 *at)
{
	const char *s = test->data + *at;

	if (*at >= size)
		return NULL;
	*at += (u32)strlen(s) + 1;
	return s;
}

static int take_data(const union bpf_attr *attr, struct test *test)
{
	struct sysctl *sysctl = &test->sysctl;
	u32 size = attr->test.data_size_in, at = 0;
	const char *fresh;
	int error = test_copy_data(attr, (u8 *)test->data, size);

	if (error)
		return error;
	sysctl->name = take_string(test, size, &at);
	sysctl->current = take_string(test, size, &at);
	sysctl->current_len = sysctl->current ? (u32)strlen(sysctl->current) : 0;
	fresh = take_string(test, size, &at);
	if (fresh && strlen(fresh) > SYSCTL_VALUE_MAX)
		return -EINVAL;
	if (fresh)
		strcpy(sysctl->fresh, fresh);
	sysctl->fresh_len = (u32)strlen(sysctl->fresh);
	return at < size ? -EINVAL : 0;
}

static int run_on(struct host *host, struct prog *prog, union bpf_attr *attr, struct test *test)
{
	struct sysctl *sysctl = &test->sysctl;
	int error = group_test_repeat(host, prog, sysctl, attr, NULL);
	bool write = sysctl->view.write;

	if (error)
		return error;
	error = test_finish(attr, (const u8 *)(write ? sysctl->fresh : sysctl->current),
			    write ? sysctl->fresh_len : sysctl->current_len, attr->test.retval,
			    attr->test.duration);
	return error ? error : test_finish_ctx(attr, &sysctl->view, sizeof(sysctl->view));
}

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct test *test = mem_zalloc(host->mem, sizeof(*test));
	int error;

	if (!test)
		return -ENOMEM;
	error = group_test_ctx(attr, &test->sysctl.view, sizeof(test->sysctl.view), true);
	if (!error)
		error = take_data(attr, test);
	if (!error)
		error = run_on(host, prog, attr, test);
	mem_free(host->mem, test);
	return error;
}

GROUP_HOOK(cgroup_sysctl, CGROUP_SYSCTL, rules, test_run);
