import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Malformed, NotAcceptable
from service.http.request import negotiation
from service.http.request.negotiation import choose
from service.imaging.formats import FRAMES, IMAGES, MEDIA_TYPES


@pytest.mark.parametrize("offered", [IMAGES, FRAMES])
def test_without_a_wish_the_first_is_chosen(offered):
    for accepts in ([], [""], ["  "], ["*/*"], [", ,"], ["*/*;q=0.001"]):
        assert choose(None, accepts, offered) == "png"


@pytest.mark.parametrize("form", FRAMES)
def test_each_format_is_chosen_by_name_and_by_type(form):
    assert choose(form, ["nonsense"], FRAMES) == form
    assert choose(None, [MEDIA_TYPES[form]], FRAMES) == form


@given(st.permutations(IMAGES), st.lists(st.integers(0, 1000), min_size=6, max_size=6))
@settings(deadline=None, max_examples=100)
def test_the_highest_q_wins_and_ties_go_to_the_earlier_offer(order, thousandths):
    q = dict(zip(order, thousandths, strict=True))
    accept = ", ".join(f"{MEDIA_TYPES[form]};q={q[form] / 1000:.3f}" for form in order)
    best = max(IMAGES, key=lambda form: q[form])
    if q[best] == 0:
        with pytest.raises(NotAcceptable):
            choose(None, [accept], IMAGES)
    else:
        assert choose(None, [accept], IMAGES) == best


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("image/*;q=0.1, */*;q=0.9", "zip"),
        ("*/*;q=0.9, image/*;q=0.1, image/webp;q=0.95", "webp"),
        ("image/png;q=0, */*", "jpeg"),
        ("application/json;charset=utf-8", "json"),
        ('application/json;a="x,y;q=0";q=0.5, image/webp;q=0.4', "json"),
        ("image/png ; q=0.5 , image/webp\t;\tq=0.6", "webp"),
        ("image/png;Q=0.5, image/webp;q=1.000", "webp"),
    ],
)
def test_the_most_specific_range_decides(accept, form):
    assert choose(None, [accept], IMAGES) == form
    assert choose(None, accept.split(" , "), IMAGES) == form


@pytest.mark.parametrize(
    "accept",
    [
        "a",
        "a/",
        "/b",
        "*/png",
        "a b/c",
        "image/png;q=1.1",
        "image/png;q=0.1234",
        "image/png;q=-1",
        "image/png;q=",
        "a/b;c",
        "a/b;;",
        "\x00/a",
        '"a/b',
        "a/b,c",
    ],
)
def test_what_does_not_parse_is_malformed(accept):
    with pytest.raises(Malformed):
        choose(None, [accept], IMAGES)


def test_an_overlong_header_is_malformed():
    with pytest.raises(Malformed):
        choose(None, ["image/png," * 410], IMAGES)


@given(st.text(alphabet='ab/*,;="\\q.01 \t', max_size=60))
@settings(deadline=None, max_examples=300)
def test_any_header_is_accepted_or_refused(accept):
    with suppress(Malformed, NotAcceptable):
        assert choose(None, [accept], IMAGES) in IMAGES


PIECES = [',"', ",", "a/b;c=d ", 'a/b;c="\\"', " ", "a/b;", ";q=", "a" * 9, "*/*,", "a/b;c=d,", 'a/b;c=",\\"",']


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("size", [4096, 65_536])
def test_each_character_of_a_hostile_header_is_matched_once(piece, size):
    accept, starts, ends = (piece * size)[: size - 1] + "\x01", list[int](), [0]

    def match(text, position):
        starts.append(position)
        found = negotiation._RANGE.match(text, position)
        ends.append(found.end() if found else size)
        return found

    with pytest.raises(Malformed):
        negotiation.media_ranges(accept, match)
    # Each match begins where the one before ended, or behind the empty elements there; the first failure ends the scan.
    assert all(start >= end for start, end in zip(starts, ends, strict=False))
    assert len(starts) <= accept.count("/") + 1


@pytest.mark.parametrize("pattern", [negotiation._RANGE, negotiation._EMPTY, negotiation._QUALITY])
def test_no_quantifier_of_the_header_s_grammar_backtracks(pattern):
    outside_of_classes = re.sub(r"\[(?:\\.|[^\]\\])*\]", "x", pattern.pattern)
    assert re.findall(r"[*+](?!\+)(?<![*+]\+)", outside_of_classes) == []
