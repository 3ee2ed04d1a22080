/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of `anybpf verify`. */
#ifndef ANYBPF_TOOL_VERIFY_H
#define ANYBPF_TOOL_VERIFY_H

#include "explain/explain.h"
#include "json.h"
#include "tool.h"

struct verify_options {
	struct common common;
	u32 log_level;
	bool raw;
	bool color;
	const struct profile *profile; /* NULL: whatever the engine gives */
};

/* EXIT_OK, or EXIT_USAGE with the profiles listed. */
int profile_parse(const char *name, const struct profile **profile);
/* To be called when maps and types exist. EXIT_OK or EXIT_FAILED. */
int profile_apply(const struct profile *profile, struct anybpf_object *object);

/* Source files as they are on disk, read once. */
struct sources {
	struct source_file *files;
};

const char *sources_line(void *sources, const char *file, u32 line);
void sources_free(struct sources *sources);

/* One program after its load. */
struct verdict {
	const struct verify_options *opts;
	const struct anybpf_program *program;
	bool rejected;
	struct explain_input input;
	struct explanation explanation; /* of a rejection */
};

int verdict_init(struct verdict *v, const struct verify_options *opts,
		 const struct anybpf_program *program, struct sources *sources);
void verdict_free(struct verdict *v);

void verdict_text(const struct verdict *v, struct buf *out);
void verdict_json(const struct verdict *v, struct json *json);

#endif
