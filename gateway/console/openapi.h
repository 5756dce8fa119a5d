/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_OPENAPI_H
#define GATEWAY_CONSOLE_OPENAPI_H

/*
 * The description of the addresses, for programs
 *
 * openapi.yaml as it stands beside this file (OpenAPI 3.1), compiled in, so that a gateway describes
 * just what it answers. Tests hold it against the table of the routes and against what is answered.
 */

#include <stddef.h>

struct openapi {
    const unsigned char *bytes; /* static storage */
    size_t size;
};

struct openapi openapi_text(void);

#endif
