tocsin_unit_test(config gateway_config test_notes)
# Our own allocations can be made to fail; those of the libraries cannot.
target_link_options(config_test PRIVATE -Wl,--wrap=calloc)

# The site in tests/config/base, changed and checked.
add_library(test_config_scene STATIC support/config_scene.c)
target_link_libraries(test_config_scene PUBLIC gateway_config test_notes)
target_compile_definitions(test_config_scene PRIVATE _GNU_SOURCE TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
tocsin_unit_test(config_cases gateway_config test_config_scene)
tocsin_unit_test(config_chinese gateway_config test_notes)
tocsin_unit_test(config_page gateway_config test_config_scene)
tocsin_unit_test(config_chains gateway_config)
tocsin_unit_test(config_drawing gateway_config)
tocsin_unit_test(config_identity gateway_config)
