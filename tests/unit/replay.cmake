tocsin_unit_test(history gateway_replay console_site)
tocsin_unit_test(replay gateway_replay)
tocsin_unit_test(rule_test gateway_replay test_notes)

# The rules of the example do what their own tests say.
add_test(NAME rules.example COMMAND tocsin test-rules
  ${PROJECT_SOURCE_DIR}/deploy/example/rules-test.yaml --lang en)
