/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_KEPT_H
#define GATEWAY_KEPT_H

/*
 * The kept site: the one that was accepted last, as it was written
 *
 * A site that is wrong on the disk must not silence the building at the next start. So the files of
 * each site that is accepted stand together in one file of the state directory, `site.kept`, which is
 * replaced as a whole:
 *
 *     tocsin kept site 1
 *     sha256 <64 hexadecimal digits>             of everything below this line
 *     accepted <nanoseconds since 1970>
 *     version <of the program that accepted it>
 *     called <bytes>
 *     <the site file, as the command named it, absolute>
 *     files <count>
 *     file <bytes of the path> <bytes of the file>
 *     <path>
 *     <file>
 *     …                                          once more for each file; the first is the site file
 *
 * Kept are the texts and not the compiled image, which another version could not read. Secrets,
 * certificates and keys are not in it: a site names them by their paths, and they are where they
 * were.
 */

#include "gateway/config/config.h"

/* The site file, its rules, tours and standard: a large site has less than a MiB of them. */
#define KEPT_SIZE_MAX  ((size_t)64 * 1024 * 1024)

#define KEPT_FILE_NAME "site.kept"

struct kept_site {
    struct wall accepted; /* when */
    const char *version;  /* of the program that did; one word */
    /* The site file as the command named it. Its path has its links followed: what was a link then may
     * lead elsewhere now. */
    const char *called;
    const struct config_file *files; /* 1…CONFIG_FILES_MAX, the site file first */
    uint32_t file_count;
};

#define KEPT_E_MISSING 1 /* there is none */
#define KEPT_E_DAMAGED 2 /* it is not whole, or not of this form */
#define KEPT_E_LARGE   3 /* it would be larger than KEPT_SIZE_MAX */

/* Make the bytes of a kept site, to be freed. Returns 0, KEPT_E_LARGE or -ENOMEM. */
NODISCARD int kept_encode(const struct kept_site *site, char **ret_bytes, size_t *ret_size);

/*
 * Replace the kept site of a state directory. Returns 0 or a negative errno; whatever happens on the way,
 * the one that is there is whole.
 */
NODISCARD int kept_write(const char *directory, const char *bytes, size_t size);

/* Is it a kept site, and what stands below its digest what the digest says? */
bool kept_is_whole(const char *bytes, size_t size);

/*
 * Read the kept site of a state directory. Returns 0, KEPT_E_MISSING, KEPT_E_DAMAGED or a negative errno.
 * `*ret_site` is to be freed, and all that it points to with it.
 */
NODISCARD int kept_read(const char *directory, struct kept_site **ret_site);

#endif
