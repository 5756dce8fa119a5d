/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_PEOPLE_FILE_H
#define GATEWAY_CONSOLE_PEOPLE_FILE_H

/* people.json, which people.h describes, for people.c only. */

#include "gateway/console/people.h"

/*
 * Add what the file, or what its bytes, hold to a list that is empty and has room. Return 0, also when there is no
 * file, or PEOPLE_E_DAMAGED, and people_file_read() a negative errno; the list is empty then.
 */
NODISCARD int people_file_read(struct people *people);
NODISCARD int people_file_parse(struct people *people, const char *bytes, size_t size);

/* Replace the file. False: the disk or memory did not take it, and the file is as it was. */
bool people_file_write(const struct people *people);

/* Keep the file that is there for whoever looks into it: the next change would replace it. */
void people_file_put_aside(const struct people *people);

#endif
