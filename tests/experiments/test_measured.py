"""The page of what is measured where is the one that is made from the code."""

from helpers import ROOT

from experiments import _measured


def test_the_page_is_written_from_experiments_benchmarks_and_tests() -> None:
    assert (ROOT / "docs" / "measured.md").read_text() == _measured.page()


def test_every_page_of_results_is_named() -> None:
    page = _measured.page()
    pages = [path.name for path in (ROOT / "docs" / "results").glob("*.md")]
    assert [name for name in pages if f"(results/{name})" not in page] == []
