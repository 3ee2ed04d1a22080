/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes JSON as it goes, with commas and escapes taken care of. Not jansson:
 * its integers are signed, and counters of 64 bits without sign are what BPF
 * maps are full of.
 */
#ifndef ANYBPF_TOOL_JSON_H
#define ANYBPF_TOOL_JSON_H

#include "base/buf.h"

struct json {
	struct buf *out;
	bool comma; /* the next item is not the first of its container */
};

/* @key NULL within arrays and at the top. */
void json_open(struct json *json, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *json, char bracket);		  /* '}' or ']' */
void json_string(struct json *json, const char *key, const char *text);
void json_u64(struct json *json, const char *key, u64 value);
void json_real(struct json *json, const char *key, double value, int digits);
void json_bool(struct json *json, const char *key, bool value);
/* Text that is JSON already. */
void json_raw(struct json *json, const char *key, const char *text);

#endif
