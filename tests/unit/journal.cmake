# SPDX-License-Identifier: Apache-2.0
# The journal: what a crash, a full disk and a damaged file leave behind, and reading it.
tocsin_unit_test(journal gateway_journal)
tocsin_unit_test(journal_damage gateway_journal)
tocsin_unit_test(journal_keep gateway_journal)
tocsin_unit_test(journal_reader gateway_journal)
tocsin_unit_test(journal_room gateway_journal)
tocsin_unit_test(journal_schema gateway_journal)
tocsin_unit_test(journal_seal gateway_journal)
set_tests_properties(unit.journal unit.journal_damage unit.journal_room PROPERTIES TIMEOUT 300)
