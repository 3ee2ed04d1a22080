/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the source files that line information names. */
#include <string.h>

#include "verify.h"

/* Larger ones are not source. */
#define FILE_MAX (16u << 20)

struct source_file {
	struct source_file *next;
	char *name;
	struct buf text; /* its lines are terminated */
	VEC(const char *) lines;
};

/* Line starts; newlines become terminators. */
static bool split(struct source_file *file)
{
	char *text = (char *)file->text.data, *line = text;

	while (text && line < text + file->text.len) {
		char *end = memchr(line, '\n', (size_t)(text + file->text.len - line));

		if (!vec_push(&file->lines, &mem_libc, line))
			return false;
		if (!end)
			return true;
		*end = 0;
		if (end > line && end[-1] == '\r')
			end[-1] = 0;
		line = end + 1;
	}
	return true;
}

/* A file that cannot be read is kept as one without lines. */
static struct source_file *open_source(struct sources *sources, const char *name)
{
	struct source_file *file = mem_zalloc(&mem_libc, sizeof(*file));

	if (!file)
		return NULL;
	buf_init(&file->text, &mem_libc);
	file->name = mem_dup(&mem_libc, name, strlen(name) + 1);
	if (file->name && *name && strcmp(name, "-") && !read_file(name, &file->text) &&
	    file->text.len < FILE_MAX)
		split(file);
	file->next = sources->files;
	sources->files = file;
	return file;
}

const char *sources_line(void *arg, const char *name, u32 line)
{
	struct sources *sources = arg;
	struct source_file *file = sources->files;

	while (file && (!file->name || strcmp(file->name, name)))
		file = file->next;
	if (!file)
		file = open_source(sources, name);
	return file && line && line <= file->lines.len ? file->lines.at[line - 1] : NULL;
}

void sources_free(struct sources *sources)
{
	while (sources->files) {
		struct source_file *file = sources->files;

		sources->files = file->next;
		vec_free(&file->lines, &mem_libc);
		buf_free(&file->text);
		mem_free(&mem_libc, file->name);
		mem_free(&mem_libc, file);
	}
}
