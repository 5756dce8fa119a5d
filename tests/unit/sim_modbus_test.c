/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answering side of Modbus, request by request. Each line of a table is a request and the reply
 * that the specification demands, in hexadecimal, so that it can be held against the document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/sim/sim_modbus.h"

/* Coils 0-9, discrete inputs 0-15, input registers 0-3, holding registers 8-135. */
static void image_init(struct sim_image *image) {
    *image = SIM_IMAGE_NULL;
    sim_image_cover(image, SIM_TABLE_COIL, 0, 10);
    sim_image_cover(image, SIM_TABLE_DISCRETE, 0, 16);
    sim_image_cover(image, SIM_TABLE_INPUT, 0, 4);
    sim_image_cover(image, SIM_TABLE_HOLDING, 8, 1);
    sim_image_cover(image, SIM_TABLE_HOLDING, 135, 1);
    assert_int_equal(sim_image_init(image), 0);
    for (uint16_t i = 0; i < 16; i++) {
        *sim_image_at(image, SIM_TABLE_DISCRETE, i, 1) = i % 3 == 0;
    }
    for (uint16_t i = 0; i < 4; i++) {
        *sim_image_at(image, SIM_TABLE_INPUT, i, 1) = (uint16_t)(0x1100 * (i + 1) + i);
    }
}

static size_t hex_read(const char *hex, uint8_t *bytes) {
    size_t size = 0;
    for (const char *at = hex; *at != '\0'; at++) {
        if (*at == ' ') {
            continue;
        }
        unsigned byte = 0;
        for (int digit = 0; digit < 2; digit++, at++) {
            byte = byte * 16 + (unsigned)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
        }
        at--;
        bytes[size++] = (uint8_t)byte;
    }
    return size;
}

static void exchange(struct sim_image *image, const char *request, const char *want) {
    uint8_t asked[300], wanted[300], got[SIM_MODBUS_PDU_MAX];
    size_t asked_size = hex_read(request, asked);
    size_t wanted_size = hex_read(want, wanted);
    size_t got_size = sim_modbus_reply(image, asked, asked_size, got);
    if (got_size != wanted_size || memcmp(got, wanted, got_size) != 0) {
        fail_msg("request %s: reply of %zu bytes %02x %02x %02x…, wanted %s", request, got_size,
                 got[0], got[1], got_size > 2 ? got[2] : 0, want);
    }
}

static const char *const exchanges[][2] = {
    /* 01 and 02: bits, the first in the lowest bit; the rest of the last byte is 0 */
    {"01 0000 000a", "01 02 00 00"},
    {"02 0000 0010", "02 02 49 92"},
    {"02 0003 0001", "02 01 01"},
    {"02 0001 0008", "02 01 24"},
    {"02 0000 0011", "82 02"}, /* one beyond the table */
    {"02 0010 0001", "82 02"},
    {"02 0000 0000", "82 03"},
    {"02 0000 07d1", "82 03"}, /* 2001 */
    {"02 0000 07d0", "82 02"}, /* 2000 may be asked for, but are not there */
    {"02 0000 00", "82 03"},
    {"02 0000 0001 00", "82 03"},
    {"01 ffff 0002", "81 02"}, /* an address never wraps */
    /* 03 and 04: words */
    {"04 0000 0002", "04 04 1100 2201"},
    {"04 0003 0001", "04 02 4403"},
    {"04 0003 0002", "84 02"},
    {"04 0000 0000", "84 03"},
    {"04 0000 007e", "84 03"}, /* 126 */
    {"03 0008 0001", "03 02 0000"},
    {"03 0007 0001", "83 02"}, /* before the table */
    {"03 0087 0001", "03 02 0000"},
    {"03 0087 0002", "83 02"},
    {"03 0008", "83 03"},
    /* 05: one coil */
    {"05 0003 ff00", "05 0003 ff00"},
    {"01 0000 0008", "01 01 08"},
    {"05 0003 0000", "05 0003 0000"},
    {"01 0000 0008", "01 01 00"},
    {"05 0003 ff01", "85 03"},
    {"05 0003 0001", "85 03"},
    {"05 000a ff00", "85 02"},
    {"05 0003 ff", "85 03"},
    /* 06: one holding register */
    {"06 0009 beef", "06 0009 beef"},
    {"03 0008 0003", "03 06 0000 beef 0000"},
    {"06 0000 0001", "86 02"},
    {"06 0009 00", "86 03"},
    /* 0f: several coils */
    {"0f 0000 000a 02 ff 01", "0f 0000 000a"},
    {"01 0000 000a", "01 02 ff 01"},
    {"0f 0002 0003 01 05", "0f 0002 0003"},
    {"01 0000 000a", "01 02 f7 01"},
    {"0f 0000 000a 01 ff", "8f 03"}, /* too little data for ten coils */
    {"0f 0000 000a 02 ff", "8f 03"}, /* less than it says */
    {"0f 0000 0000 00", "8f 03"},
    {"0f 0000 000b 02 ff 01", "8f 02"},
    {"0f 0000 0003", "8f 03"},
    /* 10: several holding registers */
    {"10 0008 0002 04 1234 5678", "10 0008 0002"},
    {"03 0008 0002", "03 04 1234 5678"},
    {"10 0008 0002 02 1234", "90 03"},
    {"10 0008 0002 04 1234", "90 03"},
    {"10 0008 0000 00", "90 03"},
    {"10 0007 0001 02 1234", "90 02"},
    /* anything else */
    {"07", "87 01"},
    {"16 0000 0000 0000", "96 01"},
    {"2b 0e 01 00", "ab 01"},
    {"00", "80 01"},
};

static void every_function_answers_as_the_specification_says(void **state) {
    (void)state;
    struct sim_image image;
    image_init(&image);
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        exchange(&image, exchanges[i][0], exchanges[i][1]);
    }
    sim_image_deinit(&image);
}

static void a_refused_write_changes_nothing(void **state) {
    (void)state;
    struct sim_image image;
    image_init(&image);
    exchange(&image, "0f 0008 0003 01 07", "8f 02"); /* coil 8 and 9 are there, 10 is not */
    exchange(&image, "01 0008 0002", "01 01 00");
    exchange(&image, "10 0087 0002 04 ffff ffff", "90 02");
    exchange(&image, "03 0087 0001", "03 02 0000");
    sim_image_deinit(&image);
}

static void the_largest_answers_fit(void **state) {
    (void)state;
    struct sim_image image = SIM_IMAGE_NULL;
    sim_image_cover(&image, SIM_TABLE_COIL, 0, 65536);
    sim_image_cover(&image, SIM_TABLE_HOLDING, 0, 65536);
    assert_int_equal(sim_image_init(&image), 0);
    uint8_t reply[SIM_MODBUS_PDU_MAX];
    const uint8_t bits[] = {0x01, 0xf8, 0x30, 0x07, 0xd0}; /* 2000 from 63536: up to the last */
    assert_int_equal(sim_modbus_reply(&image, bits, sizeof bits, reply), 252);
    const uint8_t words[] = {0x03, 0xff, 0x83, 0x00, 0x7d}; /* 125 from 65411: up to the last */
    assert_int_equal(sim_modbus_reply(&image, words, sizeof words, reply), 252);
    sim_image_deinit(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_answers_as_the_specification_says),
        cmocka_unit_test(a_refused_write_changes_nothing),
        cmocka_unit_test(the_largest_answers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
