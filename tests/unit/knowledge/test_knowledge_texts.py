"""Texts are split at headings, ranked by shared words, and shown in excerpt."""

from hypothesis import given
from hypothesis import strategies as st

from rag.texts import LONGEST_EXCERPT, Text, TextIndex, sections

MARKDOWN = """# Locks

A lock is held by one pull request.

```sh
# not a heading
```

## Handing over

The next in line is told.
"""


def test_the_best_text_comes_first_and_strangers_do_not_come() -> None:
    """Inflected words count as the same."""
    index = TextIndex(
        (
            Text("a", "Queues", "Messages wait."),
            Text("b", "Buckets", "Objects are kept.\nA bucket is private."),
            Text("c", "Other", "One bucket."),
        )
    )

    hits = index.search("private buckets", 10)

    assert [hit.text.id for hit in hits] == ["b", "c"]
    assert hits[0].excerpt == "A bucket is private."
    assert hits[0].score > hits[1].score > 0


def test_words_of_other_languages_are_words() -> None:
    """Threads are written in all of them."""
    index = TextIndex((Text("a", "", "Größe des Speichers"), Text("b", "", "Размер хранилища")))

    assert [hit.text.id for hit in index.search("größe", 5)] == ["a"]
    assert [hit.text.id for hit in index.search("размер", 5)] == ["b"]


def test_a_limit_is_kept() -> None:
    """Of many that fit alike the first given stay."""
    index = TextIndex([Text(str(number), "", "bucket") for number in range(9)])

    assert [hit.text.id for hit in index.search("bucket", 3)] == ["0", "1", "2"]


def test_a_document_becomes_a_text_for_each_heading() -> None:
    """What stands in a fence is no heading."""
    texts = list(sections("docs/locks.md", "Locks", MARKDOWN))

    assert [(text.id, text.title) for text in texts] == [
        ("docs/locks.md/1", "Locks"),
        ("docs/locks.md/2", "Locks: Handing over"),
    ]
    assert "not a heading" in texts[0].body
    assert texts[1].body == "The next in line is told."


def test_a_long_line_is_cut_round_the_word() -> None:
    """With marks where something is left out."""
    index = TextIndex([Text("a", "", "filler " * 300 + "needle " + "filler " * 300)])

    (hit,) = index.search("needle", 1)

    assert "needle" in hit.excerpt
    assert hit.excerpt.startswith("…")
    assert hit.excerpt.endswith("…")


@given(st.lists(st.text(max_size=200), max_size=5), st.text(max_size=50))
def test_whatever_is_searched_for_is_answered(bodies: list[str], query: str) -> None:
    """Scores fall, excerpts are short, and nothing is made up."""
    index = TextIndex([Text(str(place), "", body) for place, body in enumerate(bodies)])

    hits = index.search(query, 3)

    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)
    assert all(0 < len(hit.excerpt) <= LONGEST_EXCERPT + 2 for hit in hits)
