/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a document of the input may be. */
#ifndef SVCR_READ_H
#define SVCR_READ_H

#include "reader.h"
#include "text.h"

struct svcr_head;

/*
 * Reads the document that comes next: an object, a list of objects, an array of
 * objects or lists, or a watch event.
 */
void svcr_read_document(struct svcr_reader *r);

/*
 * Reads the object that comes next if it is an answer of the API server and never
 * one that is stored: a Status of failure, or a Table. Returns false if it is not;
 * the parser is then in front of it.
 */
bool svcr_answer_read(struct svcr_reader *r, const struct svcr_head *h);
/* Reads the Status that a watch event of type ERROR has. */
void svcr_answer_error(struct svcr_reader *r);

#endif
