"""The media type of a response: by the `format` parameter, or else by the Accept header.

References:
    RFC 9110, sections 12.4.2 (quality values) and 12.5.1 (Accept).
"""

import re
from collections.abc import Callable, Sequence

from service.errors import Malformed, NotAcceptable
from service.imaging.formats import MEDIA_TYPES

# Every quantifier is possessive: it gives nothing back, so that a match reads each character once.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PARAMETER = rf"\s*+;\s*+{_WORD}\s*+=\s*+(?:{_WORD}|{_QUOTED})"
_RANGE = re.compile(rf"(?P<type>{_WORD})/(?P<subtype>{_WORD})(?P<parameters>(?:{_PARAMETER})*+)\s*+(?:,|\Z)")
_EMPTY = re.compile(r"[\s,]*+")  # RFC 9110 allows empty list elements
_QUALITY = re.compile(r";\s*+[qQ]\s*+=\s*+([^;\s]*+)")
_QVALUE = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
_MAX_LENGTH = 4096


def choose(wanted: str | None, accepts: Sequence[str], offered: Sequence[str]) -> str:
    """The format of a response.

    Args:
        wanted: the `format` parameter; outranks `accepts`.
        accepts: every Accept header; several mean the same as one with their values joined.
        offered: keys of `formats.MEDIA_TYPES`, the default first. Ties go to the earlier one.

    Raises:
        NotAcceptable: nothing that is offered is acceptable.
        Malformed: the Accept header does not parse.
    """
    if wanted is not None:
        if wanted not in offered:
            raise NotAcceptable(f"this call has no format {wanted}; it offers: {', '.join(offered)}")
        return wanted
    accept = ",".join(accepts)
    if len(accept) > _MAX_LENGTH:
        raise Malformed(f"the Accept header is longer than {_MAX_LENGTH} characters")
    ranges = media_ranges(accept)
    if not ranges:
        return offered[0]
    qualities = {form: _quality(MEDIA_TYPES[form], ranges) for form in offered}
    best = max(offered, key=lambda form: qualities[form])  # the first of equals
    if qualities[best] == 0.0:
        raise NotAcceptable(f"Accept allows none of: {', '.join(MEDIA_TYPES[form] for form in offered)}")
    return best


def media_ranges(
    accept: str, match: Callable[[str, int], re.Match[str] | None] = _RANGE.match
) -> list[tuple[str, str, float]]:
    """The media ranges of an Accept header, in time that is linear in its length.

    Args:
        accept: the header's value.
        match: one media range with the comma behind it, at a position of the header.

    Returns:
        (type, subtype, q) of each range.

    Raises:
        Malformed: it does not parse.
    """
    ranges = []
    position = _skip_empty(accept, 0)
    while position < len(accept):
        found = match(accept, position)
        if found is None or (found["type"] == "*" and found["subtype"] != "*"):
            part = accept[position : position + 80].partition(",")[0].rstrip()
            raise Malformed(f"the Accept header does not parse at {part!r}")
        parameters = found["parameters"]
        quality = _QUALITY.search(re.sub(_QUOTED, "", parameters) if '"' in parameters else parameters)
        if quality and not _QVALUE.match(quality[1]):
            raise Malformed(f"the Accept header has q={quality[1][:20]}, but q is 0 to 1 with at most three digits")
        ranges.append((found["type"].lower(), found["subtype"].lower(), float(quality[1]) if quality else 1.0))
        position = _skip_empty(accept, found.end())
    return ranges


def _skip_empty(accept: str, position: int) -> int:
    """The position of the next list element that is not empty."""
    found = _EMPTY.match(accept, position)
    assert found is not None
    return found.end()


def _quality(media_type: str, ranges: Sequence[tuple[str, str, float]]) -> float:
    """The q of the most specific range that covers a media type; 0 if none does."""
    main, sub = media_type.split("/")
    matches = [
        ((range_type != "*") + (range_sub != "*"), q)
        for range_type, range_sub, q in ranges
        if range_type in ("*", main) and range_sub in ("*", sub)
    ]
    return max(matches, default=(0, 0.0))[1]
