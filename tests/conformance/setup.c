/* SPDX-License-Identifier: BSD-2-Clause */
/* The setup table: reading its rows, and doing what they say with libbpf. Targets stay loaded. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "setup.h"

/* "OBJECT PROGRAM type SECTION" or "OBJECT PROGRAM target OBJECT PROGRAM FUNCTION". */
static int parse(const char *line, struct setup *setup)
{
	char how[16], rest[3][64] = {"", "", ""};
	int n;

	memset(setup, 0, sizeof(*setup));
	n = sscanf(line, "%63s %63s %15s %63s %63s %63s", setup->object, setup->program, how,
		   rest[0], rest[1], rest[2]);
	if (n == 4 && !strcmp(how, "type")) {
		strcpy(setup->section, rest[0]);
		return 1;
	}
	if (n == 6 && !strcmp(how, "target")) {
		strcpy(setup->target_object, rest[0]);
		strcpy(setup->target_program, rest[1]);
		strcpy(setup->function, strcmp(rest[2], "-") ? rest[2] : "");
		return 1;
	}
	return 0;
}

int setup_next(FILE *file, const char *object, const char *program, struct setup *setup)
{
	char line[512], name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(object, "."), object);
	while (fgets(line, sizeof(line), file))
		if (*line != '#' && parse(line, setup) && !fnmatch(setup->object, name, 0) &&
		    !fnmatch(setup->program, program, 0))
			return 1;
	return 0;
}

static int load_target(const struct setup *setup, const char *folder)
{
	struct bpf_program *program, *target = NULL;
	struct bpf_object *object;
	char path[4096];
	int err;

	snprintf(path, sizeof(path), "%s%s.bpf.o", folder, setup->target_object);
	object = bpf_object__open_file(path, NULL);
	if (!object)
		return -errno;
	bpf_object__for_each_program(program, object)
	{
		bool wanted = !strcmp(bpf_program__name(program), setup->target_program);

		bpf_program__set_autoload(program, wanted);
		if (wanted)
			target = program;
	}
	err = target ? bpf_object__load(object) : -ENOENT;
	return err ? err : bpf_program__fd(target); /* stays open until the case ends */
}

int setup_apply(const struct setup *setup, const char *folder, struct bpf_program *program)
{
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	int result;

	if (*setup->section) {
		result = libbpf_prog_type_by_name(setup->section, &type, &attach);
		if (result)
			return result;
		bpf_program__set_type(program, type);
		return bpf_program__set_expected_attach_type(program, attach);
	}
	result = load_target(setup, folder);
	if (result < 0)
		return result;
	return bpf_program__set_attach_target(program, result,
					      *setup->function ? setup->function : NULL);
}
