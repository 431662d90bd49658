"""The questions in tests/questions/ that the parser was developed with: all of them right."""

from __future__ import annotations

import pytest

from tests.fixtures.language import PORT, QUESTIONS, SHOP, WATER, faults_in


@pytest.mark.parametrize("name", ["dev", "dialogues", "more", "more_dialogues", "classes", "more_classes"])
def test_every_question_it_was_developed_with_is_read_as_expected(name):
    count, faults = faults_in(QUESTIONS / f"{name}.yaml")
    assert count >= 30
    assert faults == []


def test_a_second_domain_is_read_from_its_bundle_alone():
    count, faults = faults_in(QUESTIONS / "shop.yaml", root=SHOP)
    assert count >= 40
    assert faults == []
    assert faults_in(QUESTIONS / "classes_shop.yaml", root=SHOP)[1] == []


def test_ways_of_asking_that_unseen_questions_showed_are_read_in_a_domain_known_by_its_bundle_alone():
    count, faults = faults_in(QUESTIONS / "more_classes_water.yaml", root=WATER)
    assert count >= 25
    assert faults == []


def test_a_port_is_read_from_its_bundle_alone_its_units_its_hours_and_its_four_terminals():
    count, faults = faults_in(QUESTIONS / "classes_port.yaml", root=PORT)
    assert count >= 15
    assert faults == []
