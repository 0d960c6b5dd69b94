"""The list of mistakes that tests must notice is about the code as it is; `make soak` makes each of them."""

import pytest

from project.mutations import MUTATIONS, TOP, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_the_list_is_current(mutation: Mutation) -> None:
    """What a mutation replaces stands in its file, once, and the tests that it names exist."""
    assert (TOP / "sestools" / mutation.file).read_text().count(mutation.right) == 1
    assert mutation.right != mutation.wrong
    assert all((TOP / path).exists() for path in mutation.tests.split())
