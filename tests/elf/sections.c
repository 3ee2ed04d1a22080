/* SPDX-License-Identifier: BSD-2-Clause */
/* Section names, against the rows of sections.txt. */
#include "elf/sections.h"

#include "tap.h"

struct named {
	const char *name;
	u32 number;
};

/* The numbers of the names in the data, from isa/uapi.h. */
static const struct named types[] = {
#define SECTION(prefix, match, type, attach_type, flags) {#type, BPF_PROG_TYPE_##type},
#include "elf/sections.def"
#undef SECTION
};

static const struct named attach_types[] = {
#define SECTION(prefix, match, type, attach_type, flags) {#attach_type, attach_type},
#include "elf/sections.def"
#undef SECTION
};

static const struct named flag_names[] = {
	{"attachable", SEC_ATTACHABLE}, {"exp_attach_opt", SEC_EXP_ATTACH_OPT},
	{"attach_btf", SEC_ATTACH_BTF}, {"sleepable", SEC_SLEEPABLE},
	{"xdp_frags", SEC_XDP_FRAGS},	{"usdt", SEC_USDT},
};

static u32 number(const struct named *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(names[i].name, name))
			return names[i].number;
	}
	tap_fail("\"%s\" is not known to the test", name);
	return 0;
}

static u32 parse_flags(char *text)
{
	u32 flags = 0;
	char *save = NULL;

	if (!strcmp(text, "-"))
		return 0;
	for (char *name = strtok_r(text, ",", &save); name; name = strtok_r(NULL, ",", &save))
		flags |= number(flag_names, ARRAY_SIZE(flag_names), name);
	return flags;
}

static void test_row(const char *line)
{
	char name[128], type[64], attach[64], flags[64], want_target[64];
	const char *target = "unset";
	const struct section_def *def;

	if (sscanf(line, "%127s %63s %63s %63s %63s", name, type, attach, flags, want_target) !=
	    5) {
		tap_fail("bad line: %s", line);
		return;
	}
	def = section_find(name, &target);
	if (!strcmp(type, "none")) {
		check(!def);
		return;
	}
	check(def);
	if (!def)
		return;
	check_eq(def->type, number(types, ARRAY_SIZE(types), type));
	check_eq(def->attach_type, number(attach_types, ARRAY_SIZE(attach_types), attach));
	check_eq(def->flags, parse_flags(flags));
	if (!strcmp(want_target, "-"))
		check(!target);
	else
		check_str(target, strcmp(want_target, "<empty>") ? want_target : "");
}

int main(void)
{
	char path[1024], line[200];
	const char *dir = getenv("ANYBPF_TEST_DATA");
	FILE *file;

	snprintf(path, sizeof(path), "%s/sections.txt", dir ? dir : "tests/elf");
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		return 1;
	}
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#')
			continue;
		tap_begin(line);
		test_row(line);
		tap_end();
	}
	fclose(file);
	return tap_done();
}
