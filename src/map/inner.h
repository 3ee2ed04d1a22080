/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What maps of maps share: the model that tells the verifier what a map taken
 * out of one is like, and getting and letting go of the maps that they hold.
 * Running programs hold no references: a map that leaves is let go when no run
 * that may have looked it up is left.
 */
#ifndef ANYBPF_MAP_INNER_H
#define ANYBPF_MAP_INNER_H

#include "map/map.h"

struct inner_model {
	struct map_desc desc;
	struct btf_fields fields;
	struct btf_object *btf; /* a reference, or NULL */
};

/*
 * Makes the map behind a handle the model of what @outer may hold; the map
 * itself is not kept. -EBADF, -EINVAL for no map or a map of maps, -ENOTSUPP
 * for a type that cannot be held.
 */
int inner_model_init(struct inner_model *model, struct map *outer, int fd);
void inner_model_exit(struct inner_model *model);

/* A reference to the map behind a handle: -EBADF, -EINVAL when it is not like the model. */
int inner_get(const struct inner_model *model, struct map *outer, int fd, struct map **inner);
/* Lets a map go that programs could look up until now; NULL is allowed. */
void inner_put(struct map *inner);
/* Likewise when the map that held it is gone, and so is every program that used that. */
void inner_drop(struct map *inner);

#endif
