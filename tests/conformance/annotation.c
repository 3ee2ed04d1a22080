/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Annotations of a program. A tag is "comment:test_KEY" or "comment:test_KEY=VALUE";
 * where the same one may come more than once it is "comment:test_KEY=NUMBER=VALUE".
 */
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <linux/bpf.h>

#include "annotation.h"

#define TAG_PREFIX "comment:test_"

static void escape_into(char **out, char c)
{
	if (strchr(".[]\\()*+?{}|^$", c))
		*(*out)++ = '\\';
	*(*out)++ = c;
}

/* Text as it is, {{extended regular expressions}} between. False when that is none. */
static bool compile_pattern(const char *text, regex_t *regex)
{
	char *expression = malloc(2 * strlen(text) + 1), *out = expression;
	bool inside = false, ok;

	while (*text) {
		if (!strncmp(text, inside ? "}}" : "{{", 2)) {
			inside = !inside;
			text += 2;
		} else if (inside) {
			*out++ = *text++;
		} else {
			escape_into(&out, *text++);
		}
	}
	*out = '\0';
	ok = !inside && !regcomp(regex, expression, REG_EXTENDED | REG_NEWLINE);
	free(expression);
	return ok;
}

static bool add_pattern(struct patterns *patterns, const char *text)
{
	struct pattern *pattern;

	patterns->at = realloc(patterns->at, (patterns->len + 1) * sizeof(*patterns->at));
	pattern = &patterns->at[patterns->len];
	*pattern = (struct pattern){.text = text, .is_regex = strstr(text, "{{")};
	if (pattern->is_regex && !compile_pattern(text, &pattern->regex))
		return false;
	patterns->len++;
	return true;
}

static const char *search(const struct pattern *pattern, const char *log)
{
	regmatch_t match;
	const char *found;

	if (pattern->is_regex)
		return regexec(&pattern->regex, log, 1, &match, 0) ? NULL : log + match.rm_eo;
	found = strstr(log, pattern->text);
	return found ? found + strlen(pattern->text) : NULL;
}

size_t patterns_match(const struct patterns *patterns, const char *log)
{
	size_t i;

	for (i = 0; i < patterns->len; i++) {
		log = search(&patterns->at[i], log);
		if (!log)
			break;
	}
	return i;
}

static int number(const char *text)
{
	return (int)strtol(text, NULL, strncmp(text, "0x", 2) ? 10 : 16);
}

static const struct {
	const char *name;
	unsigned int flag;
} load_flags[] = {
	{"BPF_F_STRICT_ALIGNMENT", BPF_F_STRICT_ALIGNMENT},
	{"BPF_F_ANY_ALIGNMENT", BPF_F_ANY_ALIGNMENT},
	{"BPF_F_TEST_RND_HI32", BPF_F_TEST_RND_HI32},
	{"BPF_F_TEST_STATE_FREQ", BPF_F_TEST_STATE_FREQ},
	{"BPF_F_SLEEPABLE", BPF_F_SLEEPABLE},
	{"BPF_F_XDP_HAS_FRAGS", BPF_F_XDP_HAS_FRAGS},
	{"BPF_F_TEST_REG_INVARIANTS", BPF_F_TEST_REG_INVARIANTS},
};

/* A name or a number; "!" before it takes the flag away. */
static unsigned int change_flags(unsigned int flags, const char *value)
{
	bool clear = *value == '!';
	unsigned int flag;

	value += clear;
	flag = (unsigned int)number(value);
	for (size_t i = 0; i < sizeof(load_flags) / sizeof(*load_flags); i++)
		if (!strcmp(load_flags[i].name, value))
			flag = load_flags[i].flag;
	return clear ? flags & ~flag : flags | flag;
}

/* The value of "KEY=...", NULL for another key. */
static const char *value_of(const char *tag, const char *key)
{
	size_t len = strlen(key);

	return strncmp(tag, key, len) || tag[len] != '=' ? NULL : tag + len + 1;
}

/* The value of "KEY=NUMBER=...". */
static const char *numbered_value_of(const char *tag, const char *key)
{
	const char *value = value_of(tag, key);

	value = value ? strchr(value, '=') : NULL;
	return value ? value + 1 : NULL;
}

static bool read_result(struct annotation *annotation, const char *tag)
{
	if (!strcmp(tag, "expect_failure") || !strcmp(tag, "expect_success")) {
		annotation->priv.failure = !strcmp(tag, "expect_failure");
		annotation->priv.stated = true;
		annotation->modes |= MODE_PRIV;
	} else if (!strcmp(tag, "expect_failure_unpriv") || !strcmp(tag, "expect_success_unpriv")) {
		annotation->unpriv.failure = !strcmp(tag, "expect_failure_unpriv");
		annotation->unpriv.stated = true;
		annotation->modes |= MODE_UNPRIV;
	} else if (!strcmp(tag, "auxiliary")) {
		annotation->auxiliary = true;
		annotation->modes |= MODE_PRIV;
	} else if (!strcmp(tag, "auxiliary_unpriv")) {
		annotation->auxiliary = true;
		annotation->modes |= MODE_UNPRIV;
	} else {
		return false;
	}
	return true;
}

static bool read_message(struct annotation *annotation, const char *tag)
{
	const char *text = numbered_value_of(tag, "expect_msg");

	if (text) {
		annotation->modes |= MODE_PRIV;
		annotation->invalid |= !add_pattern(&annotation->priv.messages, text);
		return true;
	}
	text = numbered_value_of(tag, "expect_msg_unpriv");
	if (!text)
		return false;
	annotation->modes |= MODE_UNPRIV;
	annotation->invalid |= !add_pattern(&annotation->unpriv.messages, text);
	return true;
}

/* What says nothing of a verdict, but that the program is a case. */
static void read_rest(struct annotation *annotation, const char *tag)
{
	static const struct {
		const char *key;
		unsigned int mode;
	} runs[] = {
		{"retval", MODE_PRIV},	      {"retval_unpriv", MODE_UNPRIV},
		{"expect_xlated", MODE_PRIV}, {"expect_xlated_unpriv", MODE_UNPRIV},
		{"jited", MODE_PRIV},	      {"jited_unpriv", MODE_UNPRIV},
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		if (!value_of(tag, runs[i].key))
			continue;
		annotation->modes |= runs[i].mode;
		annotation->rewrites |= i >= 2;
	}
}

static void read_tag(struct annotation *annotation, const char *tag, int *archs, int *ours)
{
	const char *value;

	if (read_result(annotation, tag) || read_message(annotation, tag))
		return;
	value = value_of(tag, "log_level");
	if (value)
		annotation->log_level = number(value);
	value = value_of(tag, "prog_flags");
	if (value)
		annotation->flags = change_flags(annotation->flags, value);
	value = value_of(tag, "btf_path");
	if (value)
		annotation->btf_path = value;
	value = value_of(tag, "arch");
	if (value) {
		++*archs;
		*ours += !strcmp(value, "X86_64");
	}
	read_rest(annotation, tag);
}

/* Unprivileged, what is not said is as privileged. */
static void inherit(struct annotation *annotation)
{
	struct expectation *unpriv = &annotation->unpriv;
	const struct patterns *messages = &annotation->priv.messages;

	if (!unpriv->stated)
		unpriv->failure = annotation->priv.failure;
	if (unpriv->messages.len)
		return;
	for (size_t i = 0; i < messages->len; i++)
		add_pattern(&unpriv->messages, messages->at[i].text);
}

void annotation_read(struct annotation *annotation, const struct btf *btf, const char *program,
		     unsigned int default_flags)
{
	int id, archs = 0, ours = 0;

	*annotation = (struct annotation){0};
	id = btf ? btf__find_by_name_kind(btf, program, BTF_KIND_FUNC) : -1;
	if (id < 0)
		return;
	annotation->flags = default_flags;
	for (unsigned int i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *type = btf__type_by_id(btf, i);
		const char *tag = btf__name_by_offset(btf, type->name_off);

		if (btf_is_decl_tag(type) && type->type == (unsigned int)id &&
		    btf_decl_tag(type)->component_idx == -1 &&
		    !strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX)))
			read_tag(annotation, tag + strlen(TAG_PREFIX), &archs, &ours);
	}
	annotation->other_arch = archs && !ours;
	inherit(annotation);
}

static void patterns_free(struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->len; i++)
		if (patterns->at[i].is_regex)
			regfree(&patterns->at[i].regex);
	free(patterns->at);
}

void annotation_free(struct annotation *annotation)
{
	patterns_free(&annotation->priv.messages);
	patterns_free(&annotation->unpriv.messages);
}
