/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_drawing.h"

#include <assert.h>
#include <expat.h>
#include <math.h>
#include <string.h>

#include "gateway/config/config_drawing_box.h"
#include "gateway/config/config_drawing_shape.h"
#include "gateway/config/config_model.h"

/* Stands between a namespace and a name; no name and no namespace that expat lets through has it. */
enum { NAMESPACE_END = '\n' };

static const char svg_namespace[] = "http://www.w3.org/2000/svg";
static const char xlink_namespace[] = "http://www.w3.org/1999/xlink";

/* Bytes of what is made of a drawing, which grow as it is read. */
struct drawing_text {
    char *bytes;
    uint32_t size, room;
};

struct drawing_reader {
    struct config *config;
    const struct config_source *source;
    XML_Parser parser;
    uint32_t place; /* whose drawing it is */
    uint32_t depth;
    uint32_t skipped_from; /* depth of the element that is passed over with all in it; 0: none */
    uint32_t room_from;    /* depth of the element that is a place; 0: none */
    uint32_t room;         /* … and which */
    struct config_mark room_mark;
    struct drawing_box room_box, extent;
    struct drawing_matrix within[CONFIG_DRAWING_DEPTH_MAX + 1]; /* of the element of each depth */
    uint32_t shape_count, shapes_before_room, room_count;
    uint32_t errors_before;
    bool has_ended; /* on an error that nothing can be read after */
    struct drawing_text text;
};

/* ---- what is written ---- */

static void text_add(struct drawing_reader *reader, const char *bytes) {
    struct drawing_text *text = &reader->text;
    uint32_t len = (uint32_t)strlen(bytes);
    if (text->room - text->size < len + 1) {
        uint32_t room = (text->size + len + 1) * 2;
        char *moved = config_alloc(&reader->config->arena, room, 1);
        if (text->size > 0) {
            memcpy(moved, text->bytes, text->size);
        }
        text->bytes = moved;
        text->room = room;
    }
    memcpy(text->bytes + text->size, bytes, len + 1);
    text->size += len;
}

/* Nothing that gets here has a sign in it that would have to be escaped. */
static void text_add_attribute(struct drawing_reader *reader, const char *name, const char *value) {
    assert(strpbrk(value, "\"<>&") == NULL);
    text_add(reader, " ");
    text_add(reader, name);
    text_add(reader, "=\"");
    text_add(reader, value);
    text_add(reader, "\"");
}

/* ---- where something stands ---- */

/* The element that is being read. */
static struct config_mark reader_element(const struct drawing_reader *reader) {
    uint32_t at = (uint32_t)XML_GetCurrentByteIndex(reader->parser);
    at += at < reader->source->size; /* behind the `<` */
    size_t len = strcspn(reader->source->bytes + at, " \t\r\n/>");
    return (struct config_mark){.source = reader->source, .at = at, .len = (uint32_t)len};
}

/* The value of its attribute, of which `name` is the part behind a prefix. */
static struct config_mark reader_attribute(const struct drawing_reader *reader, const char *name) {
    static const char blanks[] = " \t\r\n";
    const char *bytes = reader->source->bytes;
    struct config_mark mark = reader_element(reader);
    const char *end = bytes + mark.at + XML_GetCurrentByteCount(reader->parser) - 1;
    size_t len = strlen(name);
    for (const char *at = bytes + mark.at; (at = strstr(at, name)) != NULL && at < end; at += len) {
        const char *value = at + len + strspn(at + len, blanks);
        bool begins = at[-1] == ':' || strchr(blanks, at[-1]) != NULL;
        if (!begins || *value != '=') {
            continue;
        }
        value += 1 + strspn(value + 1, blanks);
        const char quote[] = {*value, '\0'};
        mark.at = (uint32_t)(value + 1 - bytes);
        mark.len = (uint32_t)strcspn(value + 1, quote);
        break;
    }
    return mark;
}

/* Nothing more is read. */
static void reader_end(struct drawing_reader *reader) {
    reader->has_ended = true;
    (void)XML_StopParser(reader->parser, XML_FALSE);
}

/* ---- what an element may not have ---- */

/* Does `value` name something that is not in the drawing? Those in it begin with `#`. */
static bool value_points_out(const char *value) {
    const char *at = value;
    while ((at = strcasestr(at, "url(")) != NULL) {
        at += strlen("url(");
        at += strspn(at, " \t\r\n\"'");
        if (*at != '#') {
            return true;
        }
    }
    return strcasestr(value, "@import") != NULL;
}

/* Also in what is passed over: a drawing with such a thing in it is no drawing that anybody meant to give us. */
static void reader_check_attribute(struct drawing_reader *reader, const char *name,
                                   const char *value) {
    bool is_reference = strcmp(name, "href") == 0;
    if (strncasecmp(name, "on", 2) == 0) {
        config_note(reader->config, CONFIG_ERROR, reader_attribute(reader, name),
                    "take it out: a drawing is shapes alone", "`%s` would run a program", name);
    } else if (is_reference ? value[0] != '#' : value_points_out(value)) {
        config_note(reader->config, CONFIG_ERROR, reader_attribute(reader, name),
                    "take it out: a drawing has all that belongs to it in itself",
                    "`%s` points out of the drawing", name);
    }
}

/* The name of an attribute without namespace, or of xlink, which is `href`; NULL for those of others. */
static const char *reader_attribute_name(const char *name) {
    const char *end = strchr(name, NAMESPACE_END);
    if (end == NULL) {
        return name;
    }
    bool is_xlink = (size_t)(end - name) == strlen(xlink_namespace) &&
                    strncmp(name, xlink_namespace, strlen(xlink_namespace)) == 0;
    return is_xlink ? end + 1 : NULL;
}

static void reader_refuse(struct drawing_reader *reader, const char *name) {
    static const struct {
        const char *name, *hint;
    } hints[] = {
        {"image", "trace it (in Inkscape: Path > Trace Bitmap), or take it out"},
        {"use", "in Inkscape: Edit > Clone > Unlink Clone"},
        {"style", "give each shape `fill` and `stroke` of its own"},
    };
    const char *hint = "take it out: a drawing is shapes alone";
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        hint = strcmp(hints[i].name, name) == 0 ? hints[i].hint : hint;
    }
    config_note(reader->config, CONFIG_ERROR, reader_element(reader), hint,
                "`%.40s` has no place in a drawing", name);
}

/* ---- places ---- */

static const char *reader_inkscape_hint(struct drawing_reader *reader) {
    const struct config *config = reader->config;
    const struct config_place *place = &config->places[reader->place];
    bool has_rooms = place->end > reader->place + 1;
    return config_format(
        &reader->config->arena,
        "in Inkscape: Edit > XML Editor, choose the shape, add `data-place` with the id "
        "of the place, such as `%s`",
        has_rooms ? config->places[reader->place + 1].id : place->id);
}

/* Which place the id means; RULESET_NONE when it is wrong, which is noted. */
static uint32_t reader_room(struct drawing_reader *reader, const char *id) {
    struct config *config = reader->config;
    const struct config_place *own = &config->places[reader->place];
    struct config_mark mark = reader_attribute(reader, "data-place");
    if (id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-/")] != '\0' || id[0] == '\0') {
        config_note(config, CONFIG_ERROR, mark, reader_inkscape_hint(reader),
                    "this is no id of a place");
        return RULESET_NONE;
    }
    uint32_t room = config_index_find(&config->place_index, id);
    if (room == UINT32_MAX) {
        config_note(config, CONFIG_ERROR, mark, config_place_hint(config, id),
                    "there is no place `%s`", id);
    } else if (room == reader->place) {
        config_note(config, CONFIG_ERROR, mark, "its state is shown beside its name",
                    "`%s` is the place whose drawing this is", id);
    } else if (room < reader->place || room >= own->end) {
        config_note(config, CONFIG_ERROR, mark, NULL,
                    "`%s` does not lie in %s, whose drawing this is", id, own->id);
    } else if (config->places[room].is_drawn) {
        config_note(
            config, CONFIG_ERROR, mark,
            "put its shapes into one group (in Inkscape: Object > Group) and `data-place` on that",
            "`%s` is drawn twice", id);
    } else if (reader->room_from != 0) {
        config_note(config, CONFIG_ERROR, mark, "close the one before the other begins",
                    "`%s` is drawn within %s", id, config->places[reader->room].id);
    } else {
        return room;
    }
    return RULESET_NONE;
}

static void reader_begin_room(struct drawing_reader *reader, const char *id) {
    uint32_t room = reader_room(reader, id);
    if (room == RULESET_NONE) {
        return;
    }
    if (reader->skipped_from != 0) {
        config_note(reader->config, CONFIG_ERROR, reader_attribute(reader, "data-place"), NULL,
                    "`%s` is on what is not shown: a text, a definition or something hidden", id);
        return;
    }
    reader->room = room;
    reader->room_from = reader->depth;
    reader->room_mark = reader_attribute(reader, "data-place");
    reader->room_box = DRAWING_BOX_EMPTY;
    reader->shapes_before_room = reader->shape_count;
    reader->room_count++;
    reader->config->places[room].is_drawn = true;
}

/* A room that is somewhere else, or nothing, is drawn all right and never seen. */
static void reader_look_for_room(struct drawing_reader *reader) {
    struct config *config = reader->config;
    const char *id = config->places[reader->room].id;
    if (!drawing_box_has_area(&reader->room_box, &reader->extent)) {
        config_note(config, CONFIG_WARNING, reader->room_mark,
                    "a rectangle has `width` and `height`, a path goes around the place, and no "
                    "`transform` makes it nothing",
                    "nobody can see `%s`: what is drawn has no area", id);
    } else if (!drawing_box_is_within(&reader->room_box, &reader->extent)) {
        config_note(config, CONFIG_WARNING, reader->room_mark,
                    "move it, or give the drawing a `viewBox` around all that is drawn",
                    "nobody can see `%s`: it is drawn outside of the drawing", id);
    }
}

static void reader_end_room(struct drawing_reader *reader) {
    struct config *config = reader->config;
    if (reader->shape_count == reader->shapes_before_room) {
        config_note(config, CONFIG_ERROR, reader_element(reader), NULL,
                    "there is no shape for `%s`", config->places[reader->room].id);
    } else if (config->notes.errors == reader->errors_before) {
        reader_look_for_room(reader);
    }
    reader->room_from = 0;
}

/* ---- elements ---- */

/* The name of an element of SVG; NULL for one of another language. */
static const char *reader_svg_name(const char *name) {
    size_t len = strlen(svg_namespace);
    bool is_svg = strncmp(name, svg_namespace, len) == 0 && name[len] == NAMESPACE_END;
    return is_svg ? name + len + 1 : NULL;
}

static void reader_write_shape(struct drawing_reader *reader, const char *name,
                               const struct drawing_shape *shape) {
    text_add(reader, "<");
    text_add(reader, name);
    for (uint32_t i = 0; i < shape->geometry_count; i++) {
        text_add_attribute(reader, shape->geometry[i].name, shape->geometry[i].value);
    }
    if (shape->fill != NULL) {
        text_add_attribute(reader, "fill", shape->fill);
    }
    if (shape->stroke != NULL) {
        text_add_attribute(reader, "stroke", shape->stroke);
    }
    if (shape->stroke_width[0] != '\0') {
        text_add_attribute(reader, "stroke-width", shape->stroke_width);
    }
    if (reader->room_from == reader->depth) {
        text_add_attribute(reader, "data-place", reader->config->places[reader->room].id);
    }
    text_add(reader, ">");
}

/* Note what is wrong with a shape that is shown, or write it. */
static void reader_take_shape(struct drawing_reader *reader, const char *name,
                              const struct drawing_shape *shape) {
    struct config *config = reader->config;
    if (shape->wrong != NULL) {
        config_note(config, CONFIG_ERROR, reader_attribute(reader, shape->wrong), NULL,
                    "this cannot be read as `%s`", shape->wrong);
    }
    if (shape->hiding != NULL) {
        config_note(config, CONFIG_ERROR, reader_element(reader),
                    "in Inkscape: Object > Clip, Mask or Filters, and release or remove it",
                    "`%s` hides a part of it, which would be seen here", shape->hiding);
    }
    reader->shape_count += strcmp(name, "g") != 0;
    if (reader->shape_count > CONFIG_DRAWING_SHAPES_MAX) {
        config_note(config, CONFIG_ERROR, reader_element(reader),
                    "leave furniture and hatching out: the rooms and the walls are enough",
                    "a drawing has at most %d shapes", CONFIG_DRAWING_SHAPES_MAX);
        reader_end(reader);
        return;
    }
    reader->within[reader->depth] =
        drawing_matrix_within(&reader->within[reader->depth - 1], shape);
    if (reader->room_from != 0) {
        drawing_box_add(&reader->room_box, shape, name, &reader->within[reader->depth]);
    }
    reader_write_shape(reader, name, shape);
}

static void reader_take_root(struct drawing_reader *reader, const char *name,
                             const char **attributes) {
    struct config *config = reader->config;
    if (name == NULL || strcmp(name, "svg") != 0) {
        config_note(config, CONFIG_ERROR, reader_element(reader), "save it as plain SVG",
                    "this is no SVG: it begins with another element, or without "
                    "xmlns=\"http://www.w3.org/2000/svg\"");
        reader_end(reader);
        return;
    }
    char extent[DRAWING_EXTENT_SIZE];
    const char *wrong = drawing_extent_read(attributes, extent);
    if (wrong != NULL) {
        config_note(config, CONFIG_ERROR, reader_attribute(reader, wrong),
                    "such as viewBox=\"0 0 200 100\", in the units of its shapes",
                    "the drawing does not say how large it is");
        return;
    }
    reader->extent = drawing_box_of_extent(extent);
    reader->within[reader->depth] = DRAWING_MATRIX_NONE;
    text_add(reader, "<svg xmlns=\"");
    text_add(reader, svg_namespace);
    text_add(reader, "\"");
    text_add_attribute(reader, "viewBox", extent);
    text_add(reader, ">");
}

static void reader_take_element(struct drawing_reader *reader, const char *name,
                                const char **attributes, const char *place) {
    enum drawing_use use = name == NULL ? DRAWING_SKIPPED : drawing_use_of(name);
    struct drawing_shape shape = {.is_hidden = false};
    if (use == DRAWING_REFUSED || (use == DRAWING_UNKNOWN && reader->skipped_from == 0)) {
        reader_refuse(reader, name);
    } else if (use == DRAWING_SHOWN) {
        drawing_shape_read(&shape, name, attributes);
    }
    if (reader->skipped_from == 0 && (use != DRAWING_SHOWN || shape.is_hidden)) {
        reader->skipped_from = reader->depth;
    }
    if (place != NULL) {
        reader_begin_room(reader, place);
    }
    if (reader->skipped_from == 0) {
        reader_take_shape(reader, name, &shape);
    }
}

static void XMLCALL reader_on_start(void *context, const char *qualified, const char **attributes) {
    struct drawing_reader *reader = context;
    const char *name = reader_svg_name(qualified);
    const char *place = NULL;
    if (reader->has_ended) {
        return;
    }
    if (++reader->depth > CONFIG_DRAWING_DEPTH_MAX) {
        config_note(reader->config, CONFIG_ERROR, reader_element(reader),
                    "ungroup what need not be together", "its groups are more than %d deep",
                    CONFIG_DRAWING_DEPTH_MAX);
        reader_end(reader);
        return;
    }
    for (const char **each = attributes; each[0] != NULL; each += 2) {
        const char *attribute = reader_attribute_name(each[0]);
        if (attribute != NULL && name != NULL) {
            reader_check_attribute(reader, attribute, each[1]);
            place = strcmp(attribute, "data-place") == 0 ? each[1] : place;
        }
    }
    if (reader->depth == 1) {
        reader_take_root(reader, name, attributes);
    } else {
        reader_take_element(reader, name, attributes, place);
    }
}

static void XMLCALL reader_on_end(void *context, const char *qualified) {
    struct drawing_reader *reader = context;
    const char *name = reader_svg_name(qualified);
    if (reader->has_ended) {
        return;
    }
    if (reader->skipped_from == 0 && name != NULL) {
        text_add(reader, "</");
        text_add(reader, name);
        text_add(reader, ">");
    }
    if (reader->room_from == reader->depth) {
        reader_end_room(reader);
    }
    if (reader->skipped_from == reader->depth) {
        reader->skipped_from = 0;
    }
    reader->depth--;
}

/* Entities that grow, and files that are fetched, are declared in one: it is not read at all. */
static void XMLCALL reader_on_doctype(void *context, const char *name, const char *system_id,
                                      const char *public_id, int has_internal_subset) {
    struct drawing_reader *reader = context;
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    static const char begin[] = "<!DOCTYPE";
    const char *at = strstr(reader->source->bytes, begin);
    struct config_mark mark = {.source = reader->source, .len = sizeof begin - 1};
    mark.at = at != NULL ? (uint32_t)(at - reader->source->bytes) : 0;
    config_note(reader->config, CONFIG_ERROR, mark,
                "delete it: what it declares is neither needed nor read",
                "a drawing has no document type");
    reader_end(reader);
}

/* ---- the whole ---- */

static void reader_note_broken(struct drawing_reader *reader) {
    uint32_t at = (uint32_t)XML_GetCurrentByteIndex(reader->parser);
    struct config_mark mark = {.source = reader->source,
                               .at = at < reader->source->size ? at : reader->source->size};
    config_note(reader->config, CONFIG_ERROR, mark, NULL, "this is no well-formed XML: %s",
                XML_ErrorString(XML_GetErrorCode(reader->parser)));
}

static void reader_run(struct drawing_reader *reader) {
    struct config *config = reader->config;
    const struct config_source *source = reader->source;
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, reader_on_start, reader_on_end);
    XML_SetStartDoctypeDeclHandler(reader->parser, reader_on_doctype);
    bool is_read =
        XML_Parse(reader->parser, source->bytes, (int)source->size, XML_TRUE) == XML_STATUS_OK;
    if (!is_read && XML_GetErrorCode(reader->parser) == XML_ERROR_NO_MEMORY) {
        longjmp(config->arena.exhausted, 1);
    }
    if (!is_read && !reader->has_ended) {
        reader_note_broken(reader);
    } else if (is_read && reader->room_count == 0 &&
               config->notes.errors == reader->errors_before) {
        config_note(config, CONFIG_ERROR, (struct config_mark){.source = source},
                    reader_inkscape_hint(reader), "no shape of the drawing is a place");
    }
}

const char *config_drawing_read(struct config *config, const struct config_source *source,
                                uint32_t place) {
    if (source->size > CONFIG_DRAWING_FILE_SIZE_MAX) {
        config_note(config, CONFIG_ERROR, (struct config_mark){.source = source},
                    "leave furniture and hatching out: the rooms and the walls are enough",
                    "the drawing is larger than 1 MiB");
        return NULL;
    }
    config->drawing_parser = XML_ParserCreateNS("UTF-8", NAMESPACE_END);
    if (config->drawing_parser == NULL) {
        longjmp(config->arena.exhausted, 1);
    }
    struct drawing_reader *reader = config_alloc(&config->arena, 1, sizeof *reader);
    *reader = (struct drawing_reader){.config = config,
                                      .source = source,
                                      .parser = config->drawing_parser,
                                      .place = place,
                                      .errors_before = config->notes.errors};
    reader_run(reader);
    config_drawing_abandon(config);
    return config->notes.errors == reader->errors_before ? reader->text.bytes : NULL;
}

void config_drawing_abandon(struct config *config) {
    if (config->drawing_parser != NULL) {
        XML_ParserFree(config->drawing_parser);
        config->drawing_parser = NULL;
    }
}
