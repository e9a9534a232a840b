"""A named rule can be turned off, for a while, and only if there is one of that name."""

import pytest

from helpers.annotate import rules


@rules.rule("test: doubled", otherwise=lambda number: number)
def doubled(number: int) -> int:
    return 2 * number


def test_a_rule_is_off_within_and_on_again_behind():
    assert doubled(4) == 8
    with rules.without("test: doubled"):
        assert doubled(4) == 4
        with rules.without("test: doubled"):
            assert doubled(4) == 4
        assert doubled(4) == 4
    assert doubled(4) == 8


def test_each_rule_is_listed_with_its_module():
    assert rules.list_rules()["test: doubled"] == __name__


def test_a_rule_that_is_not_there_cannot_be_turned_off():
    with pytest.raises(KeyError, match="no such rule"), rules.without("no such rule"):
        pass


def test_rules_that_change_something_are_noted():
    with rules.felt() as felt:
        doubled(0)
        assert not felt
        doubled(1)
    assert felt == {"test: doubled"}
    doubled(1)
