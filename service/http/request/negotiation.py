"""The media type of a response: by the `format` parameter, or else by the Accept header.

References:
    RFC 9110, sections 12.4.2 (quality values) and 12.5.1 (Accept).
"""

import re
from collections.abc import Sequence

from service.errors import Malformed, NotAcceptable
from service.imaging.formats import MEDIA_TYPES

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PARAMETER = rf"\s*;\s*{_WORD}\s*=\s*(?:{_WORD}|{_QUOTED})"
_RANGE = re.compile(rf"\s*(?P<type>{_WORD})/(?P<subtype>{_WORD})(?P<parameters>(?:{_PARAMETER})*)\s*\Z")
_QUALITY = re.compile(r";\s*[qQ]\s*=\s*([^;\s]*)")
_QVALUE = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*\Z)')
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
    ranges = _parse(",".join(accepts))
    if not ranges:
        return offered[0]
    qualities = {form: _quality(MEDIA_TYPES[form], ranges) for form in offered}
    best = max(offered, key=lambda form: qualities[form])  # the first of equals
    if qualities[best] == 0.0:
        raise NotAcceptable(f"Accept allows none of: {', '.join(MEDIA_TYPES[form] for form in offered)}")
    return best


def _parse(accept: str) -> list[tuple[str, str, float]]:
    """(type, subtype, q) of each media range."""
    if len(accept) > _MAX_LENGTH:
        raise Malformed(f"the Accept header is longer than {_MAX_LENGTH} characters")
    ranges = []
    for part in _COMMA.split(accept):
        if not part.strip():
            continue  # RFC 9110 allows empty list elements
        match = _RANGE.match(part)
        if match is None or (match["type"] == "*" and match["subtype"] != "*"):
            raise Malformed(f"the Accept header does not parse at {part.strip()[:80]!r}")
        quality = _QUALITY.search(re.sub(_QUOTED, "", match["parameters"]))
        if quality and not _QVALUE.match(quality[1]):
            raise Malformed(f"the Accept header has q={quality[1][:20]}, but q is 0 to 1 with at most three digits")
        ranges.append((match["type"].lower(), match["subtype"].lower(), float(quality[1]) if quality else 1.0))
    return ranges


def _quality(media_type: str, ranges: Sequence[tuple[str, str, float]]) -> float:
    """The q of the most specific range that covers a media type; 0 if none does."""
    main, sub = media_type.split("/")
    matches = [
        ((range_type != "*") + (range_sub != "*"), q)
        for range_type, range_sub, q in ranges
        if range_type in ("*", main) and range_sub in ("*", sub)
    ]
    return max(matches, default=(0, 0.0))[1]
