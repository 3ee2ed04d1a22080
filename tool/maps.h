/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the contents of an object's maps through the program's BTF. */
#ifndef ANYBPF_TOOL_MAPS_H
#define ANYBPF_TOOL_MAPS_H

#include "json.h"
#include "tool.h"

/*
 * All maps but read-only data: entries as "key: value", per-CPU values summed
 * where they are plain numbers, global variables by name. 0 or a negative
 * errno, with @err filled.
 */
int maps_print_text(struct anybpf_object *object, struct buf *out, struct err *err);
/* The same as an array of objects, with each per-CPU copy. */
int maps_print_json(struct anybpf_object *object, struct json *json, struct err *err);

#endif
