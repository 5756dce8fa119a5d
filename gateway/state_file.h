/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_STATE_FILE_H
#define GATEWAY_STATE_FILE_H

/*
 * Opening what should be a file in the state directory
 *
 * A copy or a script may have put a pipe, a device, a directory or a socket into its place. Reading a
 * pipe would keep us waiting for ever: nothing is taken but a regular file, and the rest is told.
 */

/*
 * Open `name` in the directory open at `directory` with these flags of open(2); a file that O_CREAT makes
 * is its owner's alone. Returns a descriptor that is the caller's, or -1 with errno: ENOENT when there is
 * none, EINVAL when it is no regular file, which is then in the log.
 */
int state_file_open(int directory, const char *name, int flags);

#endif
