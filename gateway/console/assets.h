/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_ASSETS_H
#define GATEWAY_CONSOLE_ASSETS_H

/*
 * The web app's files
 *
 * Read once, at the start, from the directory of the app and the directories in it: what a client asks for is looked
 * up in that table and never opens a file. Beside a file `x` may stand `x.br` and `x.gz`, the same compressed. What
 * is below /assets/ has a name that changes with its content and may be kept for ever; all else is asked for anew,
 * and answered with 304 while it is the same.
 *
 *     /            index.html, and so is every address without a dot: the app finds its way by the address
 *     /favicon.svg, /assets/index-3fa9.js …
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/err.h"

struct evhttp_request;
struct assets;

enum {
    ASSETS_MAX = 200,
    ASSETS_BYTES_MAX = 8 * 1024 * 1024, /* of all of them, compressed ones too */
    ASSETS_DEPTH_MAX = 3,
};

/*
 * Read what is in `directory`. Files of kinds that a browser would not know what to do with are passed over.
 * Returns 0, ASSETS_E_NONE when there is no index.html, ASSETS_E_LARGE, or a negative errno.
 */
NODISCARD int assets_read(const char *directory, struct assets **ret_assets);
struct assets *assets_free(struct assets *assets);

#define ASSETS_E_NONE  1
#define ASSETS_E_LARGE 2

/*
 * Answer GET or HEAD of `path`, "/assets/index-3fa9.js", which begins with a slash. Returns false, and has not
 * answered, when there is no such file.
 */
bool assets_answer(const struct assets *assets, struct evhttp_request *request, const char *path);

#endif
