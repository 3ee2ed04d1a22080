/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of `anybpf verify`. */
#ifndef ANYBPF_TOOL_VERIFY_H
#define ANYBPF_TOOL_VERIFY_H

#include "explain/explain.h"
#include "json.h"
#include "tool.h"

struct verdict;

struct verify_options {
	struct common common;
	u32 log_level;
	bool raw;
	bool color;
	bool facts;		       /* what was proven at each instruction */
	bool complexity;	       /* where the explored instructions went */
	u16 linux_version;	       /* X << 8 | Y: nothing newer is to be used; 0: any */
	const struct profile *profile; /* NULL: whatever the engine gives */
};

/* Fills .profile or .linux_version. EXIT_OK, or EXIT_USAGE with the profiles listed, as for "list".
 */
int profile_parse(struct verify_options *opts, const char *name);
/* Whether the program uses what the profile's version has not; and what. */
bool needs_newer(const struct verdict *v);
void needs_text(const struct verdict *v, struct buf *out);
void needs_json(const struct verdict *v, struct json *json);
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
	const struct verify_result *result; /* NULL when the engine does not tell */
	struct explain_input input;
	struct explanation explanation; /* of a rejection */
};

int verdict_init(struct verdict *v, const struct verify_options *opts,
		 const struct anybpf_program *program, struct sources *sources);
void verdict_free(struct verdict *v);

/* Asked for and there, or in place of a limit that was reached. */
bool shows_facts(const struct verdict *v);
bool shows_complexity(const struct verdict *v);
void facts_text(const struct verdict *v, struct buf *out);
void facts_json(const struct verdict *v, struct json *json);
void complexity_text(const struct verdict *v, struct buf *out);
void complexity_json(const struct verdict *v, struct json *json);

void verdict_text(const struct verdict *v, struct buf *out);
void verdict_json(const struct verdict *v, struct json *json);

#endif
