/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building JSON with jansson when memory may be short. */
#ifndef SVCR_JSON_OUT_H
#define SVCR_JSON_OUT_H

#include <jansson.h>

#include "out.h"

/*
 * Appends `item`, taking it over. Returns the list, or NULL when either was NULL or memory is
 * short.
 */
json_t *svcr_json_append(json_t *list, json_t *item);
/* Sets a member of an object in the same way. */
json_t *svcr_json_member(json_t *object, const char *name, json_t *value);
/* Adds a member to an object that stays the caller's; takes `value` over. 0 or -ENOMEM. */
int svcr_json_set(json_t *object, const char *name, json_t *value);
/*
 * Prints and releases `root`; NULL means that memory was short. 0, -ENOMEM, or what `write`
 * returned.
 */
int svcr_json_dump(json_t *root, svcrules_write_fn write, void *arg);

#endif
