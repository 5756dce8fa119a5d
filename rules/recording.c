/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/recording.h"

#include <assert.h>
#include <string.h>

/* --- the members --- */

/* The structs again, made of the tables: a member that the tables lack does not compile below. */
#define RECORDING_INPUT(type, member, form) type member;
#define RECORDING_COMMAND(type, member, form)
#define RECORDING_COMMAND_TEXT(member, size)
struct recorded_input {
#include "rules/recording_fields.def"
};
#undef RECORDING_INPUT
#undef RECORDING_COMMAND
#undef RECORDING_COMMAND_TEXT

#define RECORDING_INPUT(type, member, form)
#define RECORDING_COMMAND(type, member, form) type member;
#define RECORDING_COMMAND_TEXT(member, size)  char member[size];
struct recorded_command {
#include "rules/recording_fields.def"
};
#undef RECORDING_INPUT
#undef RECORDING_COMMAND
#undef RECORDING_COMMAND_TEXT

#define SAME_PLACE(type, member)                                                                   \
    _Static_assert(offsetof(struct recorded_##type, member) == offsetof(struct type, member),      \
                   "recording_fields.def has the members of struct " #type " in their order");
#define RECORDING_INPUT(type, member, form)   SAME_PLACE(input, member)
#define RECORDING_COMMAND(type, member, form) SAME_PLACE(command, member)
#define RECORDING_COMMAND_TEXT(member, size)  SAME_PLACE(command, member)
#include "rules/recording_fields.def"
#undef RECORDING_INPUT
#undef RECORDING_COMMAND
#undef RECORDING_COMMAND_TEXT
_Static_assert(sizeof(struct recorded_input) == sizeof(struct input),
               "recording_fields.def has every member of struct input");
_Static_assert(sizeof(struct recorded_command) == sizeof(struct command),
               "recording_fields.def has every member of struct command");

enum recording_form { FORM_HEAD, FORM_NUMBER, FORM_SIGNED, FORM_TEXT, FORM_READING, FORM_COMMAND };

struct recording_field {
    enum recording_form form;
    size_t offset, size;
};

#define FIELD(type, member, form)                                                                  \
    {FORM_##form, offsetof(struct type, member), sizeof(((struct type *)NULL)->member)},
#define RECORDING_INPUT(type, member, form) FIELD(input, member, form)
#define RECORDING_COMMAND(type, member, form)
#define RECORDING_COMMAND_TEXT(member, size)
static const struct recording_field input_fields[] = {
#include "rules/recording_fields.def"
};
#undef RECORDING_INPUT
#undef RECORDING_COMMAND
#undef RECORDING_COMMAND_TEXT

#define RECORDING_INPUT(type, member, form)
#define RECORDING_COMMAND(type, member, form) FIELD(command, member, form)
#define RECORDING_COMMAND_TEXT(member, size)  FIELD(command, member, TEXT)
static const struct recording_field command_fields[] = {
#include "rules/recording_fields.def"
};
#undef RECORDING_INPUT
#undef RECORDING_COMMAND
#undef RECORDING_COMMAND_TEXT

enum {
    INPUT_FIELD_COUNT = sizeof input_fields / sizeof input_fields[0],
    COMMAND_FIELD_COUNT = sizeof command_fields / sizeof command_fields[0],
    KIND_BITS = 5,
};
_Static_assert(INPUT_KIND_COUNT <= 1 << KIND_BITS, "every kind fits its bits");
_Static_assert(INPUT_FIELD_COUNT <= 32 && COMMAND_FIELD_COUNT <= 32, "every member has its bit");
_Static_assert(sizeof(struct command) + 64 * INPUT_FIELD_COUNT <= RECORDING_INPUT_MAX &&
                   sizeof(struct command) + 16 * COMMAND_FIELD_COUNT + 256 <= RECORDING_INPUT_MAX,
               "no input is longer than its bound");

/* How a reading's value is written. */
enum value_form { VALUE_SAME, VALUE_WHOLE, VALUE_BYTES, VALUE_FORM_COUNT };
enum { VALUE_FORM_BITS = 2, CODE_BIT = 1 << 2, QUALITY_SHIFT = 3 };

/* A member of any width as 64 bits. */
static uint64_t member_load(const void *member, size_t size) {
    uint8_t narrow;
    uint32_t word;
    uint64_t wide = 0;
    switch (size) {
    case sizeof narrow:
        memcpy(&narrow, member, size);
        return narrow;
    case sizeof word:
        memcpy(&word, member, size);
        return word;
    default:
        assert(size == sizeof wide);
        memcpy(&wide, member, size);
        return wide;
    }
}

/* The reverse; false if `value` does not fit. */
static bool member_store(void *member, size_t size, uint64_t value) {
    uint8_t narrow = (uint8_t)value;
    uint32_t word = (uint32_t)value;
    switch (size) {
    case sizeof narrow:
        memcpy(member, &narrow, size);
        return narrow == value;
    case sizeof word:
        memcpy(member, &word, size);
        return word == value;
    default:
        assert(size == sizeof value);
        memcpy(member, &value, size);
        return true;
    }
}

static bool bytes_are_zero(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Signed numbers folded so that small ones are short; both ways on 64 bits, wrapping. */
static uint64_t number_fold(uint64_t number) {
    return number << 1 ^ (0 - (number >> 63));
}

static uint64_t number_unfold(uint64_t folded) {
    return folded >> 1 ^ (0 - (folded & 1));
}

/* --- writing --- */

struct recording_writer {
    unsigned char *at;
    size_t used, room;
    bool full;
};

static void write_bytes(struct recording_writer *writer, const void *bytes, size_t size) {
    if (writer->full || writer->room - writer->used < size) {
        writer->full = true;
        return;
    }
    memcpy(writer->at + writer->used, bytes, size);
    writer->used += size;
}

static void write_number(struct recording_writer *writer, uint64_t number) {
    unsigned char bytes[10];
    size_t count = 0;
    while (number >= 0x80) {
        bytes[count++] = (unsigned char)(number | 0x80);
        number >>= 7;
    }
    bytes[count++] = (unsigned char)number;
    write_bytes(writer, bytes, count);
}

static void write_signed(struct recording_writer *writer, uint64_t number) {
    write_number(writer, number_fold(number));
}

/* The bits of a double: equal bits are the same value, also where -0 equals 0 and NaN does not. */
static uint64_t value_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Is `value` a whole number that an int64_t and a double both hold, and not -0? */
static bool value_is_whole(double value) {
    if (!(value >= -9007199254740992.0 && value <= 9007199254740992.0)) {
        return false;
    }
    return value_bits((double)(int64_t)value) == value_bits(value);
}

static void write_reading(struct recording_writer *writer, const struct recording_codec *codec,
                          const struct reading *reading) {
    static const struct recording_point fresh = {0};
    const struct recording_point *last =
        reading->point < codec->point_count ? &codec->points[reading->point] : &fresh;
    bool same = value_bits(last->value) == value_bits(reading->value);
    enum value_form form = same                             ? VALUE_SAME
                           : value_is_whole(reading->value) ? VALUE_WHOLE
                                                            : VALUE_BYTES;
    uint64_t code_bit = reading->code != last->code ? CODE_BIT : 0;
    write_signed(writer, (uint64_t)reading->point - codec->point);
    write_number(writer, (uint64_t)form | code_bit | (uint64_t)reading->quality << QUALITY_SHIFT);
    if (form == VALUE_WHOLE) {
        write_signed(writer, (uint64_t)(int64_t)reading->value);
    } else if (form == VALUE_BYTES) {
        uint64_t bits;
        memcpy(&bits, &reading->value, sizeof bits);
        unsigned char bytes[8];
        for (unsigned i = 0; i < 8; i++) {
            bytes[i] = (unsigned char)(bits >> 8 * i);
        }
        write_bytes(writer, bytes, sizeof bytes);
    }
    if (code_bit != 0) {
        write_number(writer, reading->code);
    }
    write_signed(writer, (uint64_t)reading->measured.ns - (uint64_t)codec->measured.ns);
}

static void write_text(struct recording_writer *writer, const char *text, size_t size) {
    size_t len = 0;
    while (len < size && text[len] != '\0') {
        len++;
    }
    assert(len < size);
    write_number(writer, len);
    write_bytes(writer, text, len);
}

static void write_command(struct recording_writer *writer, const struct command *command) {
    const unsigned char *base = (const unsigned char *)command;
    for (unsigned i = 0; i < COMMAND_FIELD_COUNT; i++) {
        const struct recording_field *field = &command_fields[i];
        if (field->form == FORM_TEXT) {
            write_text(writer, (const char *)base + field->offset, field->size);
        } else {
            write_number(writer, member_load(base + field->offset, field->size));
        }
    }
}

static void write_member(struct recording_writer *writer, const struct recording_codec *codec,
                         const struct input *input, const struct recording_field *field) {
    const unsigned char *member = (const unsigned char *)input + field->offset;
    switch (field->form) {
    case FORM_NUMBER:
        write_number(writer, member_load(member, field->size));
        return;
    case FORM_SIGNED:
        write_signed(writer, member_load(member, field->size));
        return;
    case FORM_READING:
        write_reading(writer, codec, &input->reading);
        return;
    case FORM_COMMAND:
        write_command(writer, input->command);
        return;
    case FORM_HEAD:
    case FORM_TEXT:
        break;
    }
    assert(false && "a member of an input that has no such form");
}

/* Does the input have something to say in this member? A reading always has, of point 0 as well. */
static bool member_is_there(const struct input *input, const struct recording_field *field) {
    if (field->form == FORM_READING && input->kind == INPUT_READING) {
        return true;
    }
    return field->form != FORM_HEAD &&
           !bytes_are_zero((const unsigned char *)input + field->offset, field->size);
}

void recording_init(struct recording_codec *codec, struct instant at, struct wall wall,
                    struct recording_point *points, uint32_t point_count) {
    *codec = (struct recording_codec){
        .at = at, .wall = wall, .measured = wall, .points = points, .point_count = point_count};
}

/* Remember what the next input is written against. */
static void codec_follow(struct recording_codec *codec, const struct input *input,
                         bool has_reading) {
    codec->at = input->at;
    codec->wall = input->wall;
    if (!has_reading) {
        return;
    }
    const struct reading *reading = &input->reading;
    codec->point = reading->point;
    codec->measured = reading->measured;
    if (reading->point < codec->point_count) {
        codec->points[reading->point] =
            (struct recording_point){.value = reading->value, .code = reading->code};
    }
}

size_t recording_encode(struct recording_codec *codec, const struct input *input,
                        unsigned char *ret, size_t room) {
    struct recording_writer writer = {.at = ret, .room = room};
    uint64_t there = 0;
    bool has_reading = false;
    assert(input->at.ns >= codec->at.ns && input->kind < INPUT_KIND_COUNT);
    for (unsigned i = 0; i < INPUT_FIELD_COUNT; i++) {
        if (member_is_there(input, &input_fields[i])) {
            there |= UINT64_C(1) << i;
            has_reading = has_reading || input_fields[i].form == FORM_READING;
        }
    }
    uint64_t span_ns = input->at.ns - codec->at.ns;
    write_number(&writer, (uint64_t)input->kind | there << KIND_BITS);
    write_number(&writer, span_ns);
    write_signed(&writer, (uint64_t)input->wall.ns - (uint64_t)codec->wall.ns - span_ns);
    for (unsigned i = 0; i < INPUT_FIELD_COUNT; i++) {
        if ((there >> i & 1) != 0) {
            write_member(&writer, codec, input, &input_fields[i]);
        }
    }
    if (writer.full) {
        return 0;
    }
    codec_follow(codec, input, has_reading);
    return writer.used;
}

/* --- reading --- */

static void bytes_damage(struct recording_bytes *bytes, enum recording_damage damage) {
    if (bytes->damage == RECORDING_WHOLE) {
        bytes->damage = damage;
    }
}

static const unsigned char *read_bytes(struct recording_bytes *bytes, size_t size) {
    if (bytes->damage != RECORDING_WHOLE || bytes->size - bytes->at < size) {
        bytes_damage(bytes, RECORDING_TORN);
        return NULL;
    }
    bytes->at += size;
    return bytes->begin + bytes->at - size;
}

static uint64_t read_number(struct recording_bytes *bytes) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const unsigned char *byte = read_bytes(bytes, 1);
        if (byte == NULL) {
            return 0;
        }
        uint64_t part = *byte & 0x7f;
        if (shift == 63 && part > 1) {
            break;
        }
        number |= part << shift;
        if ((*byte & 0x80) == 0) {
            return number;
        }
    }
    bytes_damage(bytes, RECORDING_BAD_NUMBER);
    return 0;
}

static uint64_t read_signed(struct recording_bytes *bytes) {
    return number_unfold(read_number(bytes));
}

static double read_value(struct recording_bytes *bytes, uint64_t form, double last) {
    if (form == VALUE_SAME) {
        return last;
    } else if (form == VALUE_WHOLE) {
        return (double)(int64_t)read_signed(bytes);
    } else if (form != VALUE_BYTES) {
        bytes_damage(bytes, RECORDING_BAD_VALUE);
        return 0;
    }
    const unsigned char *eight = read_bytes(bytes, 8);
    uint64_t bits = 0;
    for (unsigned i = 0; eight != NULL && i < 8; i++) {
        bits |= (uint64_t)eight[i] << 8 * i;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void read_reading(struct recording_bytes *bytes, const struct recording_codec *codec,
                         struct reading *ret) {
    static const struct recording_point fresh = {0};
    uint64_t point = codec->point + read_signed(bytes);
    uint64_t flags = read_number(bytes);
    if (point > UINT32_MAX || flags >> QUALITY_SHIFT > UINT8_MAX) {
        bytes_damage(bytes, RECORDING_BAD_VALUE);
        return;
    }
    const struct recording_point *last =
        point < codec->point_count ? &codec->points[point] : &fresh;
    ret->point = (uint32_t)point;
    ret->quality = (uint8_t)(flags >> QUALITY_SHIFT);
    ret->value = read_value(bytes, flags & ((1u << VALUE_FORM_BITS) - 1), last->value);
    ret->code = (flags & CODE_BIT) != 0 ? read_number(bytes) : last->code;
    ret->measured.ns = (int64_t)((uint64_t)codec->measured.ns + read_signed(bytes));
}

static void read_text(struct recording_bytes *bytes, char *ret, size_t size) {
    uint64_t len = read_number(bytes);
    if (len >= size) {
        bytes_damage(bytes, RECORDING_BAD_TEXT);
        return;
    }
    const unsigned char *text = read_bytes(bytes, len);
    if (text == NULL) {
        return;
    }
    memcpy(ret, text, len);
    ret[len] = '\0';
    if (strlen(ret) != len) {
        bytes_damage(bytes, RECORDING_BAD_TEXT);
    }
}

static void read_command(struct recording_bytes *bytes, struct command *ret) {
    unsigned char *base = (unsigned char *)ret;
    memset(ret, 0, sizeof *ret);
    for (unsigned i = 0; i < COMMAND_FIELD_COUNT; i++) {
        const struct recording_field *field = &command_fields[i];
        if (field->form == FORM_TEXT) {
            read_text(bytes, (char *)base + field->offset, field->size);
        } else if (!member_store(base + field->offset, field->size, read_number(bytes))) {
            bytes_damage(bytes, RECORDING_BAD_MEMBER);
        }
    }
    /* No person is without a name, whoever wrote the bytes. */
    if (ret->actor[0] == '\0') {
        bytes_damage(bytes, RECORDING_BAD_TEXT);
    }
}

static void read_member(struct recording_bytes *bytes, const struct recording_codec *codec,
                        const struct recording_field *field, struct input *ret,
                        struct command *ret_command) {
    unsigned char *member = (unsigned char *)ret + field->offset;
    bool fits = true;
    switch (field->form) {
    case FORM_NUMBER:
        fits = member_store(member, field->size, read_number(bytes));
        break;
    case FORM_SIGNED:
        fits = member_store(member, field->size, read_signed(bytes));
        break;
    case FORM_READING:
        read_reading(bytes, codec, &ret->reading);
        break;
    case FORM_COMMAND:
        read_command(bytes, ret_command);
        ret->command = ret_command;
        break;
    case FORM_HEAD:
    case FORM_TEXT:
        fits = false;
        break;
    }
    if (!fits) {
        bytes_damage(bytes, RECORDING_BAD_MEMBER);
    }
}

/* The kind, the times, and which members follow. */
static uint64_t read_head(struct recording_bytes *bytes, const struct recording_codec *codec,
                          struct input *ret) {
    uint64_t head = read_number(bytes);
    uint64_t span_ns = read_number(bytes);
    uint64_t beyond_ns = read_signed(bytes);
    uint64_t kind = head & ((1u << KIND_BITS) - 1);
    if (kind >= INPUT_KIND_COUNT) {
        bytes_damage(bytes, RECORDING_BAD_KIND);
        return 0;
    } else if (span_ns >= UINT64_MAX - codec->at.ns) {
        bytes_damage(bytes, RECORDING_BAD_TIME);
        return 0;
    } else if (head >> KIND_BITS >> INPUT_FIELD_COUNT != 0) {
        bytes_damage(bytes, RECORDING_BAD_MEMBER);
        return 0;
    }
    ret->kind = (enum input_kind)kind;
    ret->at.ns = codec->at.ns + span_ns;
    ret->wall.ns = (int64_t)((uint64_t)codec->wall.ns + span_ns + beyond_ns);
    return head >> KIND_BITS;
}

bool recording_decode(struct recording_codec *codec, struct recording_bytes *bytes,
                      struct input *ret_input, struct command *ret_command) {
    size_t begin = bytes->at;
    if (bytes->damage != RECORDING_WHOLE || begin == bytes->size) {
        return false;
    }
    memset(ret_input, 0, sizeof *ret_input);
    bool has_reading = false;
    uint64_t there = read_head(bytes, codec, ret_input);
    for (unsigned i = 0; i < INPUT_FIELD_COUNT && bytes->damage == RECORDING_WHOLE; i++) {
        if ((there >> i & 1) != 0) {
            read_member(bytes, codec, &input_fields[i], ret_input, ret_command);
            has_reading = has_reading || input_fields[i].form == FORM_READING;
        }
    }
    if (ret_input->kind == INPUT_COMMAND && ret_input->command == NULL) {
        bytes_damage(bytes, RECORDING_BAD_MEMBER);
    }
    if (bytes->damage != RECORDING_WHOLE) {
        bytes->at = begin;
        return false;
    }
    codec_follow(codec, ret_input, has_reading);
    return true;
}

const char *recording_damage_text(enum recording_damage damage) {
    static const char *const texts[RECORDING_DAMAGE_COUNT] = {
        [RECORDING_WHOLE] = "the recording is whole",
        [RECORDING_TORN] = "the recording ends in the middle of an input",
        [RECORDING_BAD_NUMBER] = "a number is longer than any number",
        [RECORDING_BAD_KIND] = "an input of a kind that does not exist",
        [RECORDING_BAD_TIME] = "an input after the end of all time",
        [RECORDING_BAD_MEMBER] = "an input has a member that its kind cannot have",
        [RECORDING_BAD_VALUE] = "a reading that no point can have",
        [RECORDING_BAD_TEXT] = "a name or a reason that is none",
    };
    assert(damage < RECORDING_DAMAGE_COUNT);
    return texts[damage];
}
