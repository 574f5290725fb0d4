"""The 26 ways in which label-studio-ml 2.x fails, and the tests that fail if one of them is ever ours."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ELSEWHERE = {
    4: ["test_hot_swap_processes.py::test_ten_promotions_and_rollbacks_and_a_retraining_under_load",
        "test_hot_swap_processes.py::test_a_process_that_starts_later_has_the_version_of_now"],
    7: ["contracts/test_label_studio.py::test_ls_03_the_training_button_sends_no_annotation",
        "label_studio/test_training.py::test_the_button_ends_in_a_version_that_serves"],
    10: ["test_hot_swap.py::test_a_version_that_cannot_be_loaded_leaves_the_old_one_in_service"],
    11: ["malformed/test_malformed.py::test_a_malformed_body_is_refused_by_name",
         "test_app.py::test_one_bad_task_harms_no_other",
         "test_app.py::test_a_failure_inside_is_json_too_and_its_log_holds_no_text",
         "test_app.py::test_a_body_that_is_too_large_is_refused",
         "test_app.py::test_xml_entities_in_a_config_are_refused"],
    12: ["test_app.py::test_odd_texts_are_answered_and_never_fetched",
         "test_texts.py::test_a_text_is_never_taken_for_an_address_or_a_path",
         "test_texts.py::test_a_host_that_is_not_allowed_is_not_asked",
         "test_texts.py::test_what_is_too_large_is_not_read_to_its_end"],
    13: ["test_app.py::test_with_a_wrong_header_everything_but_the_webhook_is_closed",
         "test_app.py::test_without_a_password_little_is_open", "test_app.py::test_posts_are_closed_too",
         "test_secrets.py::test_a_server_at_debug_writes_no_secret_of_any_request"],
    14: ["contracts/test_label_studio.py::test_ls_02_setup_with_extra_params_that_are_an_object"],
    16: ["test_health.py::test_a_backend_with_its_model_is_ready",
         "test_health.py::test_without_a_project_it_is_up_and_not_ready",
         "test_health.py::test_it_answers_at_once_whatever_hangs"],
    17: ["test_workers.py::test_it_says_where_it_listens_and_answers_there_on_all_its_processes"],
    19: ["contracts/test_ner.py::test_ner_03_a_task_without_names_still_gets_a_result"],
    23: ["contracts/test_label_studio.py::test_ls_05_annotations_made_in_bulk",
         "contracts/test_label_studio.py::test_ls_06_annotations_deleted_in_bulk"],
    26: ["test_gather.py::test_those_who_come_while_a_prediction_runs_are_one_batch"],
}
"""Fault -> tests of it that stand elsewhere below tests/ml_backend."""


def _tests(file):
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("number", range(1, 27))
def test_each_fault_has_a_test(number):
    named = [name for file in HERE.glob("test_*.py") for name in _tests(file)
             if name.startswith(f"test_fault_{number:02}_")]
    assert named or number in ELSEWHERE
    for place in ELSEWHERE.get(number, []):
        file, _, name = place.partition("::")
        assert name in _tests(HERE.parent / file), place
