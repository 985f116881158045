/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading an object before its kind is known. */
#ifndef SVCR_GUESS_H
#define SVCR_GUESS_H

#include "reader.h"

/*
 * Reads the object that comes next on the guess that it has the kind of the
 * previous one (r->last) or, if its apiVersion says otherwise, the only kind of
 * that API. Returns true when the object was taken: it is in the model, was
 * counted as ignored, or has its error in the diagnostics. Returns false when
 * the guess was wrong or there was none; the parser is then in front of the
 * object, and the diagnostics and the model are as before the call.
 */
bool svcr_guess_read(struct svcr_reader *r, int index);

#endif
