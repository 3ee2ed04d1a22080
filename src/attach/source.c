/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/source.h"

void source_free(struct source *source)
{
	if (source)
		source->ops->free(source);
}
