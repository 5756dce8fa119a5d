tocsin_unit_test(unit_kind rules)
tocsin_unit_test(expr_compile rules)
tocsin_unit_test(expr_eval rules)
tocsin_unit_test(expr_rule rules m)
tocsin_unit_test(alarm rules)
tocsin_unit_test(timers rules)
tocsin_unit_test(role rules)

# A small site built by hand.
add_library(test_trial STATIC support/trial.c)
target_link_libraries(test_trial PUBLIC rules)
tocsin_unit_test(ruleset rules test_trial)
tocsin_unit_test(core rules test_trial)
