/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/device.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "gateway/digest.h"
#include "gateway/disk.h"
#include "gateway/hex.h"
#include "gateway/state_file.h"

#define DEVICE_KEY_NAME "device.key"

enum { DEVICE_MAC_SIZE = 2 * DIGEST_SIZE + 1 };

int devices_open(struct devices *devices, int directory) {
    int fd = directory < 0 ? -1 : state_file_open(directory, DEVICE_KEY_NAME, O_RDONLY);
    bool there = fd >= 0 && disk_read_at(fd, devices->key, sizeof devices->key, 0);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (there) {
        return 0;
    }
    if (RAND_bytes(devices->key, sizeof devices->key) != 1) {
        return err_origin(-EIO);
    }
    if (directory >= 0) {
        (void)!disk_replace(directory, DEVICE_KEY_NAME, devices->key, sizeof devices->key);
    }
    return 0;
}

static void device_mac(const struct devices *devices, const char *name, const char *id,
                       char ret[DEVICE_MAC_SIZE]) {
    char text[DEVICE_NAME_SIZE + PEOPLE_ID_SIZE];
    unsigned char mac[EVP_MAX_MD_SIZE] = {0};
    unsigned size = 0;
    int len = snprintf(text, sizeof text, "%s.%s", name, id);
    (void)HMAC(EVP_sha256(), devices->key, sizeof devices->key, (const unsigned char *)text,
               (size_t)len, mac, &size);
    hex_format(mac, DIGEST_SIZE, ret);
}

bool devices_know(const struct devices *devices, const char *cookie, const char *id,
                  char ret_name[DEVICE_NAME_SIZE]) {
    char mac[DEVICE_MAC_SIZE];
    ret_name[0] = '\0';
    if (strlen(cookie) < DEVICE_NAME_SIZE + DEVICE_MAC_SIZE || strlen(id) >= PEOPLE_ID_SIZE ||
        strcmp(cookie + DEVICE_NAME_SIZE + DEVICE_MAC_SIZE, id) != 0) {
        return false;
    }
    char name[DEVICE_NAME_SIZE];
    memcpy(name, cookie, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    device_mac(devices, name, id, mac);
    if (CRYPTO_memcmp(cookie + DEVICE_NAME_SIZE, mac, sizeof mac - 1) != 0) {
        return false;
    }
    memcpy(ret_name, name, sizeof name);
    return true;
}

void devices_mark(const struct devices *devices, const char *id, char ret[DEVICE_COOKIE_SIZE]) {
    unsigned char bytes[DEVICE_NAME_SIZE / 2];
    char name[DEVICE_NAME_SIZE], mac[DEVICE_MAC_SIZE];
    ret[0] = '\0';
    if (RAND_bytes(bytes, sizeof bytes) == 1) {
        hex_format(bytes, sizeof bytes, name);
        device_mac(devices, name, id, mac);
        (void)snprintf(ret, DEVICE_COOKIE_SIZE, "%s.%s.%s", name, mac, id);
    }
}
