/* SPDX-License-Identifier: BSD-2-Clause */
/* Who loads, and with what flags: the profiles of `anybpf verify`. */
#include <string.h>

#include "object/host.h"
#include "verify.h"

struct profile {
	const char *name;
	u32 caps;
	u32 prog_flags;
	const char *summary;
};

static const struct profile profiles[] = {
#define PROFILE(name, caps, flags, summary) {name, caps, flags, summary},
#include "profile.def"
#undef PROFILE
};

static void list_profiles(FILE *to)
{
	fputs("Profiles:\n", to);
	for (u32 i = 0; i < ARRAY_SIZE(profiles); i++)
		fprintf(to, "  %-14s %s\n", profiles[i].name, profiles[i].summary);
	fprintf(to, "  %-14s %s\n", "linux-X.Y", "nothing that is newer than that version");
}

/* "linux-5.10" */
static bool parse_linux(const char *name, u16 *version)
{
	unsigned int major, minor;
	char rest;

	if (sscanf(name, "linux-%u.%u%c", &major, &minor, &rest) != 2 || major > 99 || minor > 255)
		return false;
	*version = (u16)(major << 8 | minor);
	return true;
}

static const struct profile *find_profile(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(profiles); i++)
		if (!strcmp(name, profiles[i].name))
			return &profiles[i];
	return NULL;
}

int profile_parse(struct verify_options *opts, const char *name)
{
	if (!name || !strcmp(name, "list")) {
		list_profiles(stdout);
		return EXIT_USAGE;
	}
	if (parse_linux(name, &opts->linux_version))
		return EXIT_OK;
	opts->profile = find_profile(name);
	if (opts->profile)
		return EXIT_OK;
	usage_error("verify", "unknown profile '%s'", name);
	list_profiles(stderr);
	return EXIT_USAGE;
}

int profile_apply(const struct profile *profile, struct anybpf_object *object)
{
	struct host *host = engine_user_host(object->ctx->engine);

	if (!host && profile->caps != HOST_CAP_ALL) {
		complain("profile '%s' needs the user engine: the kernel asks who really loads",
			 profile->name);
		return EXIT_FAILED;
	}
	for (u32 i = 0; i < object->prog_cnt; i++)
		object->progs[i].prog_flags |= profile->prog_flags;
	if (host) {
		host->caps = profile->caps;
		host->unprivileged_bpf_disabled = false;
	}
	return EXIT_OK;
}
