/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_ERROR_H
#define SENSORS_SIM_ERROR_H

/*
 * What can go wrong when the simulated field is built
 *
 * 0 is success, a negative number an errno that nobody is expected to handle, and a positive one a
 * condition below, which the command line turns into advice. Once the field runs, nothing in it
 * fails: a device that cannot be reached is what it exists to show.
 */

#define SIM_E_IN_USE    1 /* another process listens on the address */
#define SIM_E_ADDRESS   2 /* the address is not one of this machine, or may not be used */
#define SIM_E_OCCUPIED  3 /* something that is no symbolic link stands where the line should be */
#define SIM_E_FULL      4 /* a bounded queue is full; the message was not taken */
#define SIM_E_DIRECTORY 5 /* the directory for a line or a socket cannot be made */

#define SIM_NODISCARD   __attribute__((warn_unused_result))

#endif
